-- Analytics of series by the symbol of their asset.

CREATE FUNCTION @extschema@.returns(
    symbol text, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, kind text DEFAULT 'log')
    RETURNS TABLE ("time" timestamptz, close numeric, "return" double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT *
    FROM returns(ca_asset_named(returns.symbol), returns.timeframe, returns.since, returns.until, returns.kind);
END;
COMMENT ON FUNCTION returns(text, text, timestamptz, timestamptz, text) IS
    'returns(asset, ...) for the asset with this symbol';

CREATE FUNCTION @extschema@.breakouts(
    symbol text, timeframe text, bars integer DEFAULT 20, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE ("time" timestamptz, direction integer, level numeric, fresh boolean, volume_ratio double precision,
                   retested_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT *
    FROM breakouts(ca_asset_named(breakouts.symbol), breakouts.timeframe, breakouts.bars, breakouts.since, breakouts.until);
END;
COMMENT ON FUNCTION breakouts(text, text, integer, timestamptz, timestamptz) IS
    'breakouts(asset, ...) for the asset with this symbol';

CREATE FUNCTION @extschema@.rsi_divergences(
    symbol text, timeframe text, bars integer DEFAULT 100, wing integer DEFAULT 5, as_of timestamptz DEFAULT now())
    RETURNS TABLE (kind text, first timestamptz, second timestamptz, first_price numeric, second_price numeric,
                   first_rsi double precision, second_rsi double precision, score double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
    SELECT *
    FROM rsi_divergences(ca_asset_named(rsi_divergences.symbol), rsi_divergences.timeframe, rsi_divergences.bars,
                         rsi_divergences.wing, rsi_divergences.as_of);
END;
COMMENT ON FUNCTION rsi_divergences(text, text, integer, integer, timestamptz) IS
    'rsi_divergences(asset, ...) for the asset with this symbol';

CREATE FUNCTION @extschema@.trend_lines(
    symbol text, timeframe text, bars integer DEFAULT 200, wing integer DEFAULT 5, tolerance_percent numeric DEFAULT 0.5,
    as_of timestamptz DEFAULT now())
    RETURNS TABLE (side text, first timestamptz, first_price numeric, second timestamptz, second_price numeric,
                   touches integer, strength double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 2
BEGIN ATOMIC
    SELECT *
    FROM trend_lines(ca_asset_named(trend_lines.symbol), trend_lines.timeframe, trend_lines.bars, trend_lines.wing,
                     trend_lines.tolerance_percent, trend_lines.as_of);
END;
COMMENT ON FUNCTION trend_lines(text, text, integer, integer, numeric, timestamptz) IS
    'trend_lines(asset, ...) for the asset with this symbol';
