-- Rules are a model: a row of ai_models says with which settings an analysis was made.

CREATE FUNCTION ca_model_of_rules(name text, model_type text, rules_version text, settings jsonb) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    code CONSTANT text := rules_version || '-' || left(encode(sha256(convert_to(settings::text, 'UTF8')), 'hex'), 8);
    model record;
BEGIN
    IF length(name) > 100 OR length(code) > 100 THEN
        RAISE EXCEPTION 'name or version of rules is too long'
            USING ERRCODE = 'string_data_right_truncation',
                  DETAIL = format('They have %s and %s characters.', length(name), length(code)),
                  HINT = 'Both have at most 100 characters.';
    END IF;
    LOOP
        SELECT m.id, m.is_active AND m.status = 'active' AS deployed INTO model
        FROM ai_models AS m
        WHERE m.name = ca_model_of_rules.name AND m.version = code;
        EXIT WHEN FOUND;
        PERFORM ca_check_rights('ai_models', 'SELECT, INSERT, UPDATE');
        INSERT INTO ai_models (name, version, architecture, model_type, status, configuration, is_active)
        VALUES (ca_model_of_rules.name, code, 'ensemble', ca_model_of_rules.model_type, 'inactive',
                settings, false)
        ON CONFLICT DO NOTHING;
    END LOOP;
    IF NOT model.deployed THEN
        PERFORM ca_check_rights('ai_models', 'SELECT, INSERT, UPDATE');
        PERFORM activate_model(model.id);
    END IF;
    RETURN model.id;
END;
$$;
COMMENT ON FUNCTION ca_model_of_rules(text, text, text, jsonb) IS
    'the row of ai_models that stands for rules with these settings, which is made at first use and is then the deployed version; the version ends in a hash of the settings';
