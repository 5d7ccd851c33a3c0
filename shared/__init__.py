"""The language that web and workers both speak: settings, tables, rules, jobs and events."""
