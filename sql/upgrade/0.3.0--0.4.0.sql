-- What 0.3.0 had and 0.4.0 has not.

DROP PROCEDURE ca_move_range(integer, boolean, integer, text, timestamptz, timestamptz, integer, boolean, timestamptz);
DROP FUNCTION ca_move_batch(integer, boolean, integer, text, timestamptz, timestamptz, integer, boolean, timestamptz);
DROP FUNCTION ca_move_series(integer);
