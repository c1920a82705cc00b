"""The one place that opens files, on this machine or in a bucket, and owns every path in an output.

names     how sources and places are called               places     one set of operations on URIs, local or S3
local, s3, http         the kinds of place                s3_client, s3_errors    connections to S3, its errors
sources, rows, lists, distinct    what `source=` names
cache, shelf, private   sources from elsewhere on a node's own disk; the folder they lie in, and whose it is
output    the layout of an output                         lease      one run at a time on an output
"""
