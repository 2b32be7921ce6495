import { ParseError } from "../core/errors.ts";
import { ConfigError } from "../config/config-error.ts";

/**
 * Parses the value of a flag.
 * @throws {@link ConfigError} that names the flag
 */
export function parseFlag<T>(flag: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof ParseError) throw new ConfigError(`${flag}: ${error.message}`);
    throw error;
  }
}
