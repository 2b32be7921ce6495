/** Prometheus' ways to find servers; label values of the janitor's metrics. */
export type Mechanism = "file" | "http" | "dns";
