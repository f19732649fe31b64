# shellcheck shell=sh disable=SC2034,SC2154 # variables of scripts/test and lib.sh
#: the convention "pandas", against pandas itself

step_pandas() {
    say 'Comparing with pandas'
    status=0
    {
        database_with_extension pandas &&
            psql --no-psqlrc --dbname=pandas \
                --file=test/compat/pandas/conventions.sql >"$work/bars.csv" &&
            watched "$(python_with_pandas)" test/compat/pandas/conventions.py \
                "$work/bars.csv"
    } >"$work/pandas.log" 2>&1 || status=$?
    count_results test/compat/pandas "$work/pandas.log" "$status"
}
