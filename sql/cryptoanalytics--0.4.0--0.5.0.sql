-- Made by "make sql" from the parts named below. Change those, not this.

\echo Use "ALTER EXTENSION cryptoanalytics UPDATE" to load this file. \quit
