-- What 0.6.0 has otherwise in tables of 0.5.0; a fresh installation has it from its schema.

-- the oldest alert of an asset that waits is found without reading the others
DROP INDEX signal_alerts_pending_idx;
CREATE INDEX signal_alerts_pending_idx ON signal_alerts (asset_id, created_at)
    WHERE is_active AND NOT is_triggered;
COMMENT ON INDEX signal_alerts_pending_idx IS
    'the alerts of an asset that are still to go off, and the oldest of them';

-- the condition under which rows are touched is in the function now, which touch.sql replaces
CREATE OR REPLACE TRIGGER ai_models_touch BEFORE UPDATE ON ai_models FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER ai_recommendations_touch BEFORE UPDATE ON ai_recommendations FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER analytics_data_touch BEFORE UPDATE ON analytics_data FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER assets_touch BEFORE UPDATE ON assets FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER background_tasks_touch BEFORE UPDATE ON background_tasks FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER cross_sector_analysis_touch BEFORE UPDATE ON cross_sector_analysis FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER external_api_logs_touch BEFORE UPDATE ON external_api_logs FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER market_regime_analysis_touch BEFORE UPDATE ON market_regime_analysis FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER metrics_snapshot_touch BEFORE UPDATE ON metrics_snapshot FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER model_performance_touch BEFORE UPDATE ON model_performance FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER notifications_touch BEFORE UPDATE ON notifications FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER portfolio_touch BEFORE UPDATE ON portfolio FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER predictions_touch BEFORE UPDATE ON predictions FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER sector_analysis_touch BEFORE UPDATE ON sector_analysis FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER sector_mapping_touch BEFORE UPDATE ON sector_mapping FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER sectors_touch BEFORE UPDATE ON sectors FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER signal_alerts_touch BEFORE UPDATE ON signal_alerts FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER system_health_touch BEFORE UPDATE ON system_health FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER trade_actions_touch BEFORE UPDATE ON trade_actions FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER trading_signals_touch BEFORE UPDATE ON trading_signals FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER user_sessions_touch BEFORE UPDATE ON user_sessions FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER watchlist_assets_touch BEFORE UPDATE ON watchlist_assets FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER watchlists_touch BEFORE UPDATE ON watchlists FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
