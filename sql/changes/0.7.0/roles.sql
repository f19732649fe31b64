-- What 0.7.0 changes in tables, types, indexes and policies of 0.6.0: roles.

-- Recommendations about a user, its positions and its watchlists are that user's.
ALTER TABLE ai_recommendations ENABLE ROW LEVEL SECURITY;
CREATE POLICY ai_recommendations_of_user ON ai_recommendations
    USING (ca_first_user() < ca_last_user()
           OR CASE target_entity_type
                  WHEN 'user' THEN target_entity_id BETWEEN ca_first_user() AND ca_last_user()
                  WHEN 'portfolio' THEN EXISTS (SELECT FROM portfolio AS p WHERE p.id = target_entity_id)
                  WHEN 'watchlist' THEN EXISTS (SELECT FROM watchlists AS w WHERE w.id = target_entity_id)
                  ELSE true END);

-- The schema of the extension keeps its name.
CREATE FUNCTION ca_guard_schema() RETURNS event_trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'ca_guard_schema';
CREATE EVENT TRIGGER cryptoanalytics_guard_schema ON ddl_command_start
    WHEN TAG IN ('ALTER SCHEMA')
    EXECUTE FUNCTION ca_guard_schema();
