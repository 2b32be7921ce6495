/** The user asked for something that cannot be: exit code 2, and a message that says what to do instead. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
