-- What 0.2.0 had and 0.3.0 has not.

DROP FUNCTION ca_write_indicators(bigint[], jsonb[]);
DROP FUNCTION ca_import_element(bigint, jsonb, integer, text, text, text);
DROP FUNCTION ca_import_number(bigint, jsonb, integer, text, numeric, boolean);
DROP FUNCTION ca_import_error(bigint, text, jsonb, text);
