-- What the extension itself puts on its tables and views. Made by scripts/installed.sql: change that, not this.

CREATE FUNCTION ca_installed()
    RETURNS TABLE (name text, columns integer, row_security boolean, constraints text, indexes text, triggers text, policies text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    VALUES
    ('ai_models', 20, false,
     'ai_models_architecture_check ai_models_model_type_check ai_models_name_version_key ai_models_pkey
      ai_models_status_check ai_models_target_variable_check',
     'ai_models_active_version_key',
     'ai_models_touch', ''),
    ('ai_recommendations', 19, true,
     'ai_recommendations_pkey ai_recommendations_prediction_id_fkey ai_recommendations_priority_level_check
      ai_recommendations_recommendation_type_check ai_recommendations_reviewed_by_fkey
      ai_recommendations_status_check ai_recommendations_target_entity_type_check
      ai_recommendations_user_rating_check',
     'ai_recommendations_expiry_idx ai_recommendations_prediction_id_idx ai_recommendations_reviewed_by_idx',
     'ai_recommendations_status ai_recommendations_touch', 'ai_recommendations_of_user'),
    ('alert_marks', 2, false,
     'alert_marks_asset_id_fkey alert_marks_checked_until_check alert_marks_pkey',
     '',
     '', ''),
    ('analytics_data', 8, false,
     'analytics_data_aggregation_level_check analytics_data_category_check analytics_data_finite_check
      analytics_data_pkey',
     'analytics_data_rolled_up_key',
     'analytics_data_touch', ''),
    ('assets', 31, false,
     'assets_access_count_check assets_ath_digits_check assets_atl_digits_check assets_circulating_supply_check
      assets_current_price_digits_check assets_finite_check assets_market_cap_check assets_market_cap_rank_check
      assets_max_supply_check assets_pkey assets_symbol_key assets_total_supply_check assets_total_volume_check',
     'assets_market_cap_rank_idx',
     'assets_drop_notes assets_touch', ''),
    ('background_tasks', 12, false,
     'background_tasks_execution_time_seconds_check background_tasks_pkey background_tasks_status_check
      background_tasks_task_type_check background_tasks_times_check',
     'background_tasks_ended_idx background_tasks_maintenance_idx background_tasks_pending_idx
      background_tasks_refresh_assets_idx background_tasks_running_idx',
     'background_tasks_moves background_tasks_touch', ''),
    ('cross_sector_analysis', 19, false,
     'cross_sector_analysis_ai_confidence_score_check cross_sector_analysis_ai_market_outlook_check
      cross_sector_analysis_ai_model_id_fkey cross_sector_analysis_metrics_snapshot_id_fkey
      cross_sector_analysis_outlook_duration_estimate_check cross_sector_analysis_pkey
      cross_sector_analysis_signal_agreement_score_check',
     'cross_sector_analysis_ai_model_id_idx cross_sector_analysis_snapshot_key',
     'cross_sector_analysis_touch', ''),
    ('external_api_logs', 11, false,
     'external_api_logs_pkey external_api_logs_response_status_check external_api_logs_response_time_ms_check',
     'external_api_logs_created_at_idx',
     'external_api_logs_note_delete external_api_logs_note_insert external_api_logs_note_new
      external_api_logs_note_old external_api_logs_touch', ''),
    ('latest_market_regime', 15, false,
     '',
     '',
     '', ''),
    ('latest_sector_analysis', 23, false,
     '',
     '',
     '', ''),
    ('maintenance_runs', 19, false,
     'maintenance_runs_execution_time_seconds_check maintenance_runs_pkey maintenance_runs_status_check',
     '',
     '', ''),
    ('market_regime_analysis', 21, false,
     'market_regime_analysis_ai_confidence_score_check market_regime_analysis_ai_model_id_fkey
      market_regime_analysis_ai_regime_prediction_check market_regime_analysis_finite_check
      market_regime_analysis_metrics_snapshot_id_fkey market_regime_analysis_pkey
      market_regime_analysis_regime_check market_regime_analysis_regime_duration_estimate_check
      market_regime_analysis_signal_agreement_score_check market_regime_analysis_trend_strength_score_check',
     'market_regime_analysis_ai_model_id_idx market_regime_analysis_analysis_time_idx
      market_regime_analysis_metrics_snapshot_id_idx',
     'market_regime_analysis_touch', ''),
    ('metric_series', 9, false,
     'metric_series_metric_sector_id_label_key metric_series_multiplier_check metric_series_pkey
      metric_series_sector_id_fkey metric_series_staleness_check',
     'metric_series_sector_id_idx',
     'metric_series_check metric_series_touch', ''),
    ('metrics_snapshot', 31, false,
     'metrics_snapshot_active_addresses_btc_check metrics_snapshot_altcoin_dominance_check
      metrics_snapshot_btc_dominance_check metrics_snapshot_eth_dominance_check
      metrics_snapshot_fear_greed_index_check metrics_snapshot_finite_check
      metrics_snapshot_google_trends_score_check metrics_snapshot_halving_countdown_days_check
      metrics_snapshot_liquidations_long_check metrics_snapshot_liquidations_short_check
      metrics_snapshot_liquidity_score_check metrics_snapshot_open_interest_btc_check metrics_snapshot_pkey
      metrics_snapshot_rsi_14_check metrics_snapshot_timeframe_snapshot_time_key metrics_snapshot_total_check
      metrics_snapshot_usdt_dominance_check',
     '',
     'metrics_snapshot_touch', ''),
    ('model_leaderboard', 17, false,
     '',
     '',
     '', ''),
    ('model_performance', 11, false,
     'model_performance_evaluated_predictions_count_check model_performance_finite_check
      model_performance_model_id_fkey model_performance_pkey',
     'model_performance_evaluation_key',
     'model_performance_touch', ''),
    ('model_performance_history', 12, false,
     '',
     '',
     '', ''),
    ('notifications', 14, true,
     'notifications_notification_type_check notifications_pkey notifications_priority_check
      notifications_read_at_check notifications_status_check notifications_user_id_fkey',
     'notifications_due_idx notifications_unread_idx notifications_user_id_idx',
     'notifications_inserted notifications_read notifications_touch', 'notifications_of_user'),
    ('partial_candles', 5, false,
     'partial_candles_asset_id_fkey partial_candles_candle_time_check partial_candles_covered_check
      partial_candles_pkey partial_candles_timeframe_check',
     '',
     '', ''),
    ('portfolio', 26, true,
     'portfolio_allocation_target_percent_check portfolio_asset_check portfolio_asset_id_fkey
      portfolio_asset_type_check portfolio_counted_check portfolio_finite_check portfolio_investment_timeframe_check
      portfolio_leverage_ratio_check portfolio_max_allocation_percent_check portfolio_pkey portfolio_quantity_check
      portfolio_risk_category_check portfolio_trade_status_check portfolio_user_id_fkey',
     'portfolio_asset_id_idx portfolio_open_idx portfolio_user_id_idx',
     'portfolio_asset portfolio_derived portfolio_inserted portfolio_touch portfolio_turned', 'portfolio_of_user'),
    ('portfolio_positions', 20, false,
     '',
     '',
     '', ''),
    ('portfolio_totals', 7, false,
     '',
     '',
     '', ''),
    ('predictions', 28, false,
     'predictions_absolute_error_check predictions_accuracy_percentage_check predictions_accuracy_threshold_check
      predictions_ai_models_id_fkey predictions_asset_id_fkey predictions_confidence_score_check
      predictions_finite_check predictions_pkey predictions_prediction_horizon_check
      predictions_prediction_time_check predictions_squared_error_check predictions_volatility_level_check',
     'predictions_ai_models_id_evaluated_at_idx predictions_asset_id_created_at_idx predictions_due_idx
      predictions_horizon_idx',
     'predictions_inserted predictions_touch', ''),
    ('price_data', 12, false,
     'price_data_asset_id_fkey price_data_asset_id_timeframe_candle_time_key price_data_candle_time_check
      price_data_close_price_digits_check price_data_high_price_digits_check price_data_low_price_digits_check
      price_data_market_cap_check price_data_open_price_digits_check price_data_pkey price_data_price_range_check
      price_data_timeframe_check price_data_timeframe_start_check price_data_volume_check
      price_data_volume_digits_check',
     'price_data_market_cap_idx',
     'price_data_change_key price_data_note_delete price_data_note_insert price_data_note_truncate
      price_data_note_update price_data_supersede', ''),
    ('price_data_archive', 12, false,
     'price_data_archive_asset_id_fkey price_data_archive_asset_id_timeframe_candle_time_key
      price_data_archive_candle_time_check price_data_archive_close_price_digits_check
      price_data_archive_high_price_digits_check price_data_archive_low_price_digits_check
      price_data_archive_market_cap_check price_data_archive_open_price_digits_check price_data_archive_pkey
      price_data_archive_price_range_check price_data_archive_timeframe_check
      price_data_archive_timeframe_start_check price_data_archive_volume_check
      price_data_archive_volume_digits_check',
     'price_data_archive_market_cap_idx',
     'price_data_archive_change_key price_data_archive_note_delete price_data_archive_note_insert
      price_data_archive_note_truncate price_data_archive_note_update price_data_archive_once', ''),
    ('price_data_compressed', 12, false,
     '',
     '',
     '', ''),
    ('price_data_segments', 7, false,
     'price_data_segments_asset_id_fkey price_data_segments_candles_check price_data_segments_indicators_check
      price_data_segments_pkey price_data_segments_time_check price_data_segments_timeframe_check',
     '',
     'price_data_segments_note_delete price_data_segments_note_truncate', ''),
    ('price_history', 14, false,
     '',
     '',
     '', ''),
    ('roll_up_marks', 5, false,
     'roll_up_marks_aggregation_level_check roll_up_marks_pkey roll_up_marks_source_check',
     '',
     '', ''),
    ('roll_up_notes', 4, false,
     'roll_up_notes_aggregation_level_check roll_up_notes_pkey',
     'roll_up_notes_period_idx',
     '', ''),
    ('sector_analysis', 33, false,
     'sector_analysis_active_protocols_check sector_analysis_active_users_check
      sector_analysis_ai_confidence_score_check sector_analysis_ai_model_id_fkey
      sector_analysis_ai_sector_outlook_check sector_analysis_correlation_with_btc_check
      sector_analysis_correlation_with_eth_check sector_analysis_finite_check sector_analysis_liquidity_score_check
      sector_analysis_metrics_snapshot_id_fkey sector_analysis_outlook_duration_estimate_check sector_analysis_pkey
      sector_analysis_relative_strength_score_check sector_analysis_rotation_inflow_score_check
      sector_analysis_rotation_outflow_score_check sector_analysis_sector_dominance_pct_check
      sector_analysis_sector_id_fkey sector_analysis_sector_market_cap_check sector_analysis_sector_volume_24h_check
      sector_analysis_signal_agreement_score_check sector_analysis_tvl_total_check
      sector_analysis_volatility_score_check',
     'sector_analysis_ai_model_id_idx sector_analysis_latest_idx sector_analysis_sector_id_idx
      sector_analysis_snapshot_key',
     'sector_analysis_touch', ''),
    ('sector_history', 8, false,
     'sector_history_market_cap_check sector_history_pkey sector_history_sector_id_fkey
      sector_history_sector_id_timeframe_candle_time_key sector_history_volume_24h_check',
     '',
     '', ''),
    ('sector_index_states', 5, false,
     'sector_index_states_pkey sector_index_states_sector_id_fkey sector_index_states_sector_id_timeframe_key',
     '',
     '', ''),
    ('sector_mapping', 6, false,
     'sector_mapping_asset_id_fkey sector_mapping_asset_id_sector_id_key sector_mapping_pkey
      sector_mapping_sector_id_fkey',
     'sector_mapping_primary_sector_key sector_mapping_sector_id_asset_id_idx',
     'sector_mapping_touch', ''),
    ('sector_rotation_flows', 6, false,
     'sector_rotation_flows_cross_sector_analysis_id_fkey sector_rotation_flows_from_sector_id_fkey
      sector_rotation_flows_from_to_key sector_rotation_flows_pkey sector_rotation_flows_score_check
      sector_rotation_flows_sectors_check sector_rotation_flows_to_sector_id_fkey',
     'sector_rotation_flows_from_sector_id_idx sector_rotation_flows_to_sector_id_idx',
     '', ''),
    ('sectors', 12, false,
     'sectors_coingecko_id_key sectors_finite_check sectors_market_cap_check sectors_name_key sectors_pkey
      sectors_top_3_coins_id_check sectors_volume_24h_check',
     '',
     'sectors_touch', ''),
    ('series_locks', 4, false,
     'series_locks_asset_id_fkey series_locks_pkey series_locks_purpose_check',
     '',
     '', ''),
    ('signal_alerts', 15, true,
     'signal_alerts_alert_type_check signal_alerts_asset_id_fkey signal_alerts_condition_check
      signal_alerts_finite_check signal_alerts_notification_method_check signal_alerts_pkey
      signal_alerts_user_id_fkey',
     'signal_alerts_asset_id_idx signal_alerts_expires_at_idx signal_alerts_pending_idx signal_alerts_signal_idx
      signal_alerts_user_id_idx signal_alerts_value_idx',
     'signal_alerts_touch', 'signal_alerts_of_user'),
    ('signal_executions', 3, true,
     'signal_executions_pkey signal_executions_signal_id_fkey signal_executions_user_id_fkey',
     'signal_executions_signal_id_idx',
     '', 'signal_executions_of_user'),
    ('system_health', 11, false,
     'system_health_overall_health_score_check system_health_pkey',
     '',
     'system_health_touch', ''),
    ('technical_indicator_notes', 4, false,
     'technical_indicator_notes_pkey',
     'technical_indicator_notes_series_idx',
     '', ''),
    ('technical_indicator_states', 9, false,
     'technical_indicator_states_asset_id_fkey technical_indicator_states_asset_id_timeframe_place_key
      technical_indicator_states_candles_check technical_indicator_states_pkey',
     '',
     '', ''),
    ('trade_actions', 29, true,
     'trade_actions_action_source_check trade_actions_action_type_check trade_actions_capital_amount_check
      trade_actions_confidence_level_check trade_actions_finite_check trade_actions_market_sentiment_check
      trade_actions_pkey trade_actions_portfolio_id_fkey trade_actions_primary_setup_check
      trade_actions_quantity_check trade_actions_risk_percent_check trade_actions_signal_id_fkey
      trade_actions_stress_level_check trade_actions_timeframe_check trade_actions_volatility_level_check
      trade_actions_volume_profile_check',
     'trade_actions_portfolio_id_created_at_id_idx trade_actions_signal_id_idx',
     'trade_actions_deleted trade_actions_inserted trade_actions_restored trade_actions_signals_insert
      trade_actions_signals_update trade_actions_touch trade_actions_updated', 'trade_actions_of_user'),
    ('trading_signals', 14, false,
     'trading_signals_asset_id_fkey trading_signals_finite_check trading_signals_levels_check trading_signals_pkey
      trading_signals_prediction_id_fkey trading_signals_risk_level_check trading_signals_risk_reward_ratio_check
      trading_signals_signal_type_check trading_signals_status_check trading_signals_time_horizon_hours_check',
     'trading_signals_asset_id_created_at_idx trading_signals_asset_id_idx trading_signals_live_idx
      trading_signals_prediction_id_idx',
     'trading_signals_ratio_insert trading_signals_ratio_update trading_signals_touch', ''),
    ('user_activities', 11, true,
     'user_activities_pkey user_activities_session_id_fkey user_activities_user_id_fkey',
     'user_activities_created_at_idx user_activities_session_id_idx user_activities_user_id_created_at_idx',
     'user_activities_note_insert', 'user_activities_of_user'),
    ('user_sessions', 11, true,
     'user_sessions_pkey user_sessions_session_token_key user_sessions_user_id_fkey',
     'user_sessions_user_id_idx',
     'user_sessions_touch', 'user_sessions_of_user'),
    ('users', 32, true,
     'users_deleted_by_fkey users_failed_login_attempts_check users_finite_check users_login_count_check users_pkey
      users_referral_code_key users_referral_count_check users_referred_by_fkey users_role_check
      users_subscription_plan_check',
     'users_deleted_by_idx users_email_key users_referred_by_idx',
     'users_referrals_deleted users_referrals_inserted users_referrals_updated users_touch users_unlocked', 'users_of_user'),
    ('watchlist_assets', 11, true,
     'watchlist_assets_added_by_fkey watchlist_assets_asset_id_fkey watchlist_assets_last_modified_by_fkey
      watchlist_assets_pkey watchlist_assets_position_check watchlist_assets_position_type_check
      watchlist_assets_watchlist_id_asset_id_position_type_key watchlist_assets_watchlist_id_fkey',
     'watchlist_assets_active_idx watchlist_assets_added_by_idx watchlist_assets_asset_id_idx
      watchlist_assets_last_modified_by_idx',
     'watchlist_assets_deleted watchlist_assets_editor watchlist_assets_inserted watchlist_assets_touch
      watchlist_assets_updated', 'watchlist_assets_of_user watchlist_assets_seen'),
    ('watchlists', 11, true,
     'watchlists_max_assets_check watchlists_owner_check watchlists_pkey watchlists_user_id_fkey
      watchlists_watchlist_type_check',
     'watchlists_user_id_idx',
     'watchlists_narrowed watchlists_touch', 'watchlists_default watchlists_default_written watchlists_of_user'),
    ('work_locks', 1, false,
     'work_locks_pkey',
     '',
     '', '');
END;
COMMENT ON FUNCTION ca_installed() IS
    'number of columns, row-level security, and names of constraints, of indexes that do not belong to a constraint, triggers and policies of each table and view, as installed';
