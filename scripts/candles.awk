# Checks a CSV of candles and brings it into one form.  Two passes:
#
#   awk -v pass=1 -v name=FILE -f candles.awk
#       standard input: time,open,high,low,close,volume and whatever follows.
#       Prints seconds,line,open,high,low,close,volume, the time in Unix
#       seconds, to be sorted by time.
#   awk -v pass=2 -v name=FILE -v out=OUT -f candles.awk SORTED SORTED
#       Writes the candles without their line to OUT, prints the timeframe.
#
# Anything wrong ends the run with a message that names the line.

BEGIN {
    FS = ","
    codes = split("1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d", code, " ")
    split("60 180 300 900 1800 3600 7200 14400 21600 28800 43200 86400",
          seconds_of, " ")
    split("31 28 31 30 31 30 31 31 30 31 30 31", days_of, " ")
    split("time open high low close volume", column, " ")
    trouble = 0
    lines = 0
}

function refuse(line, what) {
    printf "%s, line %d: %s\n", name, line, what | "cat >&2"
    trouble = 1
    exit 1
}

function is_number(text) {
    return text ~ /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$/
}

# Days from 1970-01-01 in the Gregorian calendar, counting years from March.
function days(year, month, day,    era, y) {
    y = month > 2 ? year : year - 1
    era = int(y / 400)
    y -= era * 400
    return era * 146097 + y * 365 + int(y / 4) - int(y / 100) \
        + int((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) \
        + day - 1 - 719468
}

function month_length(year, month) {
    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
        return 29
    return days_of[month]
}

# Unix seconds of an ISO 8601 time, UTC unless it says otherwise; "" if the
# text is no such time.
function iso_seconds(text,    sign, zone, part, offset, n) {
    sub(/ ?([Zz]|UTC)$/, "", text)
    sub(/[Tt]/, " ", text)
    offset = 0
    if (match(text, / .* ?[-+][0-9][0-9](:?[0-9][0-9])?$/)) {
        match(text, /[-+][0-9][0-9](:?[0-9][0-9])?$/)
        zone = substr(text, RSTART)
        text = substr(text, 1, RSTART - 1)
        sub(/ $/, "", text)
        sign = substr(zone, 1, 1) == "-" ? -1 : 1
        gsub(/[-+:]/, "", zone)
        offset = sign * (substr(zone, 1, 2) * 3600 + substr(zone, 3, 2) * 60)
    }
    if (text !~ /^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]( [0-9][0-9]:[0-9][0-9](:[0-9][0-9](\.[0-9]+)?)?)?$/)
        return ""
    n = split(text, part, /[-: ]/)
    if (part[2] < 1 || part[2] > 12 || part[3] < 1 \
        || part[3] > month_length(part[1], part[2] + 0) \
        || part[4] > 23 || part[5] > 59 || part[6] >= 60)
        return ""
    return days(part[1] + 0, part[2] + 0, part[3] + 0) * 86400 \
        + part[4] * 3600 + part[5] * 60 + part[6] - offset
}

# Unix seconds of any time we know; a number so large that it would be a year
# after 5000 in seconds is milliseconds, or even microseconds.
function to_seconds(text) {
    if (!is_number(text))
        return iso_seconds(text)
    if (text >= 100000000000000)
        return text / 1000000
    if (text >= 100000000000)
        return text / 1000
    return text + 0
}

function check_header(    i) {
    if (NF < 6)
        refuse(NR, "expected the columns time,open,high,low,close,volume")
    for (i = 2; i <= 6; i++)
        if (tolower($i) != column[i])
            refuse(NR, sprintf("column %d is called \"%s\", expected \"%s\"",
                               i, $i, column[i]))
}

function check_row(    i, time) {
    if (NF < 6)
        refuse(NR, sprintf("%d columns, expected at least 6: %s", NF,
                           "time,open,high,low,close,volume"))
    time = to_seconds($1)
    if (time == "" || time < 0)
        refuse(NR, "\"" $1 "\" is neither an ISO 8601 time nor Unix seconds")
    for (i = 2; i <= 6; i++) {
        if (!is_number($i))
            refuse(NR, sprintf("%s is \"%s\", expected a number",
                               column[i], $i))
        if ($i >= 1e12 || $i <= -1e12)
            refuse(NR, sprintf("%s is %s, too large", column[i], $i))
    }
    if ($3 + 0 < $2 + 0 || $3 + 0 < $5 + 0)
        refuse(NR, "high " $3 " is below open " $2 " or close " $5)
    if ($4 + 0 > $2 + 0 || $4 + 0 > $5 + 0)
        refuse(NR, "low " $4 " is above open " $2 " or close " $5)
    if ($6 + 0 < 0)
        refuse(NR, "volume " $6 " is negative")
    printf "%.3f,%d,%s,%s,%s,%s,%s\n", time, NR, $2, $3, $4, $5, $6
}

pass == 1 {
    if (NR == 1)
        sub(/^\357\273\277/, "")
    gsub(/[\r"]/, "")
    gsub(/[ \t]*,[ \t]*/, ",")
    sub(/^[ \t]+/, "")
    sub(/[ \t]+$/, "")
    if ($0 == "")
        next
    if (++lines == 1 && NF > 1 && !is_number($2) && $2 ~ /[A-Za-z]/)
        check_header()
    else
        check_row()
    next
}

# pass 2, first reading: equal times and the smallest spacing
NR == FNR {
    if (NR > 1) {
        spacing = $1 - previous_time
        if (spacing == 0)
            refuse($2, "the same time as line " previous_line)
        if (smallest == "" || spacing < smallest)
            smallest = spacing
    }
    previous_time = $1
    previous_line = $2
    next
}

# pass 2, second reading
FNR == 1 {
    timeframe = 1
    for (i = 1; i <= codes; i++)
        if (seconds_of[i] == smallest)
            timeframe = i
    if (smallest > 86400) {
        print name ": candles of more than a day are too coarse here" \
            | "cat >&2"
        trouble = 1
        exit 1
    }
}

{
    if ($1 % seconds_of[timeframe] != 0)
        refuse($2, sprintf("a %s candle does not start at this time",
                           code[timeframe]))
    printf "%.0f,%s,%s,%s,%s,%s\n", $1, $3, $4, $5, $6, $7 > out
    written++
}

END {
    if (pass == 2 && !trouble)
        print code[timeframe]
    if (trouble)
        exit 1
}
