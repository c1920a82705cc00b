"""The one place that opens files, on this machine or in a bucket, and owns every path in an output.

places    one set of operations on URIs, local or S3          local, s3    the two kinds of place
s3_client, s3_errors    its connections, and what its errors mean
output    the layout of an output: manifests, artifacts       sources      what `source=` names
cache     sources of a bucket on a node's own disk            lease        one run at a time on an output
"""
