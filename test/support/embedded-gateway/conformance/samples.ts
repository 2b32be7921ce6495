/** A body with a metric of every type. */
export const ALL_TYPES = `# HELP c_total A \\\\ and\\na line.
# TYPE c_total counter
c_total{kind="x"} 3
# TYPE g gauge
g -1.5
u{quoted="a\\"b\\\\c\\nd <ж>"} NaN
# TYPE s summary
s{quantile="0.5"} 1
s{quantile="0.99"} +Inf
s_sum 7.5
s_count 2000000
# TYPE h histogram
h_bucket{le="0.1"} 1
h_bucket{le="+Inf"} 3000000
h_sum 2e7
h_count 3e6
`;
