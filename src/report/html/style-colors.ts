/** Every text colour has at least 4.5 : 1 against paper, card and its own soft ground (WCAG AA); a test measures it. */
export const light = {
  paper: "#f7f6f3",
  card: "#ffffff",
  soft: "#efeeea",
  line: "#e5e3dd",
  edge: "#8f8d85",
  ink: "#20262b",
  muted: "#5a646c",
  accent: "#0b655d",
  "accent-strong": "#084d47",
  "accent-soft": "#e0f0ed",
  "on-accent": "#ffffff",
  good: "#1d6b40",
  "good-soft": "#e2f2e8",
  warn: "#835000",
  "warn-soft": "#fbefd9",
  bad: "#a82218",
  "bad-soft": "#fbe7e4",
  early: "#4d9d92",
  late: "#cf8a1c",
} as const;

export const dark: Readonly<Record<keyof typeof light, string>> = {
  paper: "#14181b",
  card: "#1b2024",
  soft: "#252b30",
  line: "#2c3339",
  edge: "#6d7780",
  ink: "#e4e7e9",
  muted: "#9ca8b1",
  accent: "#6fcabd",
  "accent-strong": "#93dcd1",
  "accent-soft": "#17342f",
  "on-accent": "#0d2320",
  good: "#74cf9a",
  "good-soft": "#183226",
  warn: "#e8b45c",
  "warn-soft": "#372a14",
  bad: "#ff9b90",
  "bad-soft": "#3f1f1c",
  early: "#3f8f84",
  late: "#d6962f",
};

function declare(palette: Readonly<Record<string, string>>): string {
  return Object.entries(palette)
    .map(([name, color]) => `--${name}:${color}`)
    .join(";");
}

/** The system's choice, unless the reader made one. */
export const colors = `
:root{color-scheme:light;${declare(light)}}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;${declare(dark)}}}
:root[data-theme=dark]{color-scheme:dark;${declare(dark)}}
`;
