/**
 * Text in lines that a runner takes for commands.
 *
 * @module
 */

/**
 * Encodes a text as escapeData() and escapeProperty() of GitHub's own toolkit do.
 *
 * @param part `message` is what follows the second `::`; `property` is a value
 * such as `title=`, where colon and comma separate too.
 */
export function encodeCommandText(
  text: string,
  part: "message" | "property" = "message",
): string {
  const encoded = text
    .replaceAll("%", "%25")
    .replaceAll("\r", "%0D")
    .replaceAll("\n", "%0A");
  if (part === "message") return encoded;
  return encoded.replaceAll(":", "%3A").replaceAll(",", "%2C");
}
