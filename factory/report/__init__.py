"""A run as a folder of pages that open from a disk: what came of the sources, every clip, and why.

write          the folder: pages, data, previews           serve      the same on the loopback
overview       the run in numbers: funnel, cost, quality   spread     how features and errors are distributed
gallery        a line a clip, to filter and sort by        detail     all that is known of a clip
checks         the bounds each clip was held against       curves     its numbers over time, its way, its points
thumbnails     a still of what has no preview              shards     data as scripts
static/        the pages
"""
