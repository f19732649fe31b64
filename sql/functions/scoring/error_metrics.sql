-- Error metrics of predictions.
--
-- The metrics of one pair of arguments bear the same transition function,
-- state type and initial condition, so that PostgreSQL computes one state for
-- all that a query asks for.  The initial conditions are as long as the C
-- structs that they stand for.

-- metrics of (actual, predicted)

CREATE FUNCTION ca_error_accum(
    state double precision[], actual double precision, predicted double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_error_accum'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_error_accum(double precision[], double precision, double precision) IS
    'transition function of mae, mse, rmse, max_error, mape, smape, wape and r2';

CREATE FUNCTION ca_error_combine(state double precision[], other double precision[])
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_error_combine'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_error_combine(double precision[], double precision[]) IS
    'combine function of mae, mse, rmse, max_error, mape, smape, wape and r2';

CREATE FUNCTION ca_mae_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_mae_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mae_final(double precision[]) IS
    'final function of mae';

CREATE FUNCTION ca_mse_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_mse_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mse_final(double precision[]) IS
    'final function of mse';

CREATE FUNCTION ca_rmse_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_rmse_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_rmse_final(double precision[]) IS
    'final function of rmse';

CREATE FUNCTION ca_max_error_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_max_error_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_max_error_final(double precision[]) IS
    'final function of max_error';

CREATE FUNCTION ca_mape_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_mape_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mape_final(double precision[]) IS
    'final function of mape';

CREATE FUNCTION ca_smape_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_smape_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_smape_final(double precision[]) IS
    'final function of smape';

CREATE FUNCTION ca_wape_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_wape_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_wape_final(double precision[]) IS
    'final function of wape';

CREATE FUNCTION ca_r2_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_r2_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_r2_final(double precision[]) IS
    'final function of r2';

CREATE AGGREGATE @extschema@.mae(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_mae_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mae(double precision, double precision) IS
    'mean absolute error; NULL without pairs';

CREATE AGGREGATE @extschema@.mse(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_mse_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mse(double precision, double precision) IS
    'mean squared error; NULL without pairs';

CREATE AGGREGATE @extschema@.rmse(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_rmse_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rmse(double precision, double precision) IS
    'root of the mean squared error; NULL without pairs';

CREATE AGGREGATE @extschema@.max_error(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_max_error_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE max_error(double precision, double precision) IS
    'greatest absolute error; NULL without pairs';

CREATE AGGREGATE @extschema@.mape(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_mape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mape(double precision, double precision) IS
    'mean absolute error relative to the actual value, as a fraction; NULL if any actual value '
    'is 0';

CREATE AGGREGATE @extschema@.smape(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_smape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE smape(double precision, double precision) IS
    'symmetric mean absolute percentage error, from 0 to 2; a pair of zeros counts as 0';

CREATE AGGREGATE @extschema@.wape(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_wape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE wape(double precision, double precision) IS
    'sum of absolute errors relative to the sum of absolute actual values; NULL if that is 0';

CREATE AGGREGATE @extschema@.r2(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_r2_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE r2(double precision, double precision) IS
    'coefficient of determination; NULL for a single pair; constant actual values give 1 if all '
    'predictions are exact, else 0';

-- median absolute error, which needs every error

CREATE FUNCTION ca_medae_accum(state internal, actual double precision, predicted double precision)
    RETURNS internal
    AS 'MODULE_PATHNAME', 'ca_medae_accum'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_medae_accum(internal, double precision, double precision) IS
    'transition function of medae';

CREATE FUNCTION ca_medae_combine(state internal, other internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'ca_medae_combine'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_medae_combine(internal, internal) IS
    'combine function of medae';

CREATE FUNCTION ca_medae_serialize(state internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'ca_medae_serialize'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_medae_serialize(internal) IS
    'serialization function of medae';

CREATE FUNCTION ca_medae_deserialize(message bytea, state internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'ca_medae_deserialize'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_medae_deserialize(bytea, internal) IS
    'deserialization function of medae';

CREATE FUNCTION ca_medae_final(state internal) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_medae_final'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_medae_final(internal) IS
    'final function of medae';

CREATE AGGREGATE @extschema@.medae(actual double precision, predicted double precision) (
    SFUNC = ca_medae_accum,
    STYPE = internal,
    FINALFUNC = ca_medae_final,
    COMBINEFUNC = ca_medae_combine,
    SERIALFUNC = ca_medae_serialize,
    DESERIALFUNC = ca_medae_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE medae(double precision, double precision) IS
    'median absolute error; NULL without pairs; keeps 8 bytes or more per pair in memory';

-- errors against a naive forecast

CREATE FUNCTION ca_mase_accum(
    state double precision[], actual double precision, predicted double precision,
    naive_error double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_mase_accum'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mase_accum(
    double precision[], double precision, double precision, double precision) IS
    'transition function of mase';

CREATE FUNCTION ca_mase_combine(state double precision[], other double precision[])
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_mase_combine'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mase_combine(double precision[], double precision[]) IS
    'combine function of mase';

CREATE FUNCTION ca_mase_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_mase_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mase_final(double precision[]) IS
    'final function of mase';

CREATE AGGREGATE @extschema@.mase(
    actual double precision, predicted double precision, naive_error double precision
) (
    SFUNC = ca_mase_accum,
    STYPE = double precision[],
    FINALFUNC = ca_mase_final,
    COMBINEFUNC = ca_mase_combine,
    INITCOND = '{0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mase(double precision, double precision, double precision) IS
    'mean absolute error relative to that of a naive forecast, which is the same in every row; '
    'NULL if that is 0';

-- direction

CREATE FUNCTION ca_direction_accum(
    state double precision[], reference double precision, actual double precision,
    predicted double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_direction_accum'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_direction_accum(
    double precision[], double precision, double precision, double precision) IS
    'transition function of directional_accuracy';

CREATE FUNCTION ca_direction_combine(state double precision[], other double precision[])
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_direction_combine'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_direction_combine(double precision[], double precision[]) IS
    'combine function of directional_accuracy';

CREATE FUNCTION ca_directional_accuracy_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_directional_accuracy_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_directional_accuracy_final(double precision[]) IS
    'final function of directional_accuracy';

CREATE AGGREGATE @extschema@.directional_accuracy(
    reference double precision, actual double precision, predicted double precision
) (
    SFUNC = ca_direction_accum,
    STYPE = double precision[],
    FINALFUNC = ca_directional_accuracy_final,
    COMBINEFUNC = ca_direction_combine,
    INITCOND = '{0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE directional_accuracy(double precision, double precision, double precision) IS
    'share of rows whose actual and predicted value lie on the same side of the reference, or '
    'both on it';

-- metrics of (outcome, probability)

CREATE FUNCTION ca_probability_accum(
    state double precision[], outcome double precision, probability double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_probability_accum'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_probability_accum(double precision[], double precision, double precision) IS
    'transition function of brier_score, log_loss and ece for outcomes 0 and 1';

CREATE FUNCTION ca_probability_accum_bool(
    state double precision[], outcome boolean, probability double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_probability_accum_bool'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_probability_accum_bool(double precision[], boolean, double precision) IS
    'transition function of brier_score, log_loss and ece for boolean outcomes';

CREATE FUNCTION ca_probability_combine(state double precision[], other double precision[])
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_probability_combine'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_probability_combine(double precision[], double precision[]) IS
    'combine function of brier_score, log_loss and ece';

CREATE FUNCTION ca_brier_score_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_brier_score_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_brier_score_final(double precision[]) IS
    'final function of brier_score';

CREATE FUNCTION ca_log_loss_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_log_loss_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_log_loss_final(double precision[]) IS
    'final function of log_loss';

CREATE FUNCTION ca_ece_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_ece_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_ece_final(double precision[]) IS
    'final function of ece';

CREATE AGGREGATE @extschema@.brier_score(outcome boolean, probability double precision) (
    SFUNC = ca_probability_accum_bool,
    STYPE = double precision[],
    FINALFUNC = ca_brier_score_final,
    COMBINEFUNC = ca_probability_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE brier_score(boolean, double precision) IS
    'mean squared difference between outcome and probability; NULL without pairs';

CREATE AGGREGATE @extschema@.brier_score(outcome double precision, probability double precision) (
    SFUNC = ca_probability_accum,
    STYPE = double precision[],
    FINALFUNC = ca_brier_score_final,
    COMBINEFUNC = ca_probability_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE brier_score(double precision, double precision) IS
    'mean squared difference between outcome and probability; NULL without pairs';

CREATE AGGREGATE @extschema@.log_loss(outcome boolean, probability double precision) (
    SFUNC = ca_probability_accum_bool,
    STYPE = double precision[],
    FINALFUNC = ca_log_loss_final,
    COMBINEFUNC = ca_probability_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE log_loss(boolean, double precision) IS
    'mean negative logarithm of the probability given to what happened, clipped at 1e-15; NULL '
    'without pairs';

CREATE AGGREGATE @extschema@.log_loss(outcome double precision, probability double precision) (
    SFUNC = ca_probability_accum,
    STYPE = double precision[],
    FINALFUNC = ca_log_loss_final,
    COMBINEFUNC = ca_probability_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE log_loss(double precision, double precision) IS
    'mean negative logarithm of the probability given to what happened, clipped at 1e-15; NULL '
    'without pairs';

CREATE AGGREGATE @extschema@.ece(outcome boolean, probability double precision) (
    SFUNC = ca_probability_accum_bool,
    STYPE = double precision[],
    FINALFUNC = ca_ece_final,
    COMBINEFUNC = ca_probability_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ece(boolean, double precision) IS
    'expected calibration error over ten bins of equal width; NULL without pairs';

CREATE AGGREGATE @extschema@.ece(outcome double precision, probability double precision) (
    SFUNC = ca_probability_accum,
    STYPE = double precision[],
    FINALFUNC = ca_ece_final,
    COMBINEFUNC = ca_probability_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ece(double precision, double precision) IS
    'expected calibration error over ten bins of equal width; NULL without pairs';

-- returns

CREATE FUNCTION ca_sharpe_accum(
    state double precision[], return double precision, periods_per_year double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_sharpe_accum'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_sharpe_accum(double precision[], double precision, double precision) IS
    'transition function of sharpe_ratio';

CREATE FUNCTION ca_sharpe_accum(state double precision[], return double precision)
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_sharpe_accum'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_sharpe_accum(double precision[], double precision) IS
    'transition function of sharpe_ratio for daily returns';

CREATE FUNCTION ca_sharpe_combine(state double precision[], other double precision[])
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_sharpe_combine'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_sharpe_combine(double precision[], double precision[]) IS
    'combine function of sharpe_ratio';

CREATE FUNCTION ca_sharpe_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_sharpe_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_sharpe_final(double precision[]) IS
    'final function of sharpe_ratio';

CREATE AGGREGATE @extschema@.sharpe_ratio(return double precision, periods_per_year double precision) (
    SFUNC = ca_sharpe_accum,
    STYPE = double precision[],
    FINALFUNC = ca_sharpe_final,
    COMBINEFUNC = ca_sharpe_combine,
    INITCOND = '{0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sharpe_ratio(double precision, double precision) IS
    'mean return relative to its sample standard deviation, times the root of the periods per '
    'year; NULL for fewer than two returns and for equal ones';

CREATE AGGREGATE @extschema@.sharpe_ratio(return double precision) (
    SFUNC = ca_sharpe_accum,
    STYPE = double precision[],
    FINALFUNC = ca_sharpe_final,
    COMBINEFUNC = ca_sharpe_combine,
    INITCOND = '{0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sharpe_ratio(double precision) IS
    'sharpe_ratio of daily returns, 365 per year';
