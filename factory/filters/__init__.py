"""Specialists of the filter: each looks at a clip once and gives named features; `decide` turns them into a status."""
