-- Error metrics of predictions for numeric columns, which then need no cast per row.
--
-- The values count as the doubles that they would be cast to, so the results are those of the
-- aggregates in errors.sql, whose final and combine functions these share.

CREATE FUNCTION ca_error_accum_numeric(state double precision[], actual numeric, predicted numeric)
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_error_accum_numeric'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_error_accum_numeric(double precision[], numeric, numeric) IS
    'transition function of mae, mse, rmse, max_error, mape, smape, wape and r2 for numeric';

CREATE AGGREGATE @extschema@.mae(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_mae_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mae(numeric, numeric) IS
    'mean absolute error; NULL without pairs';

CREATE AGGREGATE @extschema@.mse(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_mse_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mse(numeric, numeric) IS
    'mean squared error; NULL without pairs';

CREATE AGGREGATE @extschema@.rmse(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_rmse_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rmse(numeric, numeric) IS
    'root of the mean squared error; NULL without pairs';

CREATE AGGREGATE @extschema@.max_error(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_max_error_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE max_error(numeric, numeric) IS
    'greatest absolute error; NULL without pairs';

CREATE AGGREGATE @extschema@.mape(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_mape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mape(numeric, numeric) IS
    'mean absolute error relative to the actual value, as a fraction; NULL if any actual value '
    'is 0';

CREATE AGGREGATE @extschema@.smape(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_smape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE smape(numeric, numeric) IS
    'symmetric mean absolute percentage error, from 0 to 2; a pair of zeros counts as 0';

CREATE AGGREGATE @extschema@.wape(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_wape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE wape(numeric, numeric) IS
    'sum of absolute errors relative to the sum of absolute actual values; NULL if that is 0';

CREATE AGGREGATE @extschema@.r2(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_r2_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE r2(numeric, numeric) IS
    'coefficient of determination; NULL for a single pair; constant actual values give 1 if all '
    'predictions are exact, else 0';
