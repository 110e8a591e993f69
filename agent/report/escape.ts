/**
 * Makes text from outside harmless on its way out.
 *
 * Names, paths and arguments are chosen by whoever attacks the build. Each way
 * out has its own dangers, so each has its own function; all of them first make
 * visible what a reader would not see.
 *
 * @module
 */
import { encodeCommandText } from "../action/workflow_command.ts";

// \p{C} holds controls, format characters (bidi overrides among them), lone
// surrogates, private use and unassigned; \p{Z} holds every space and line
// separator; marks stack on their neighbour; ignorables are drawn as nothing.
const UNSEEN = /(?! )[\p{C}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** A command at the start of a line that a workflow runner would obey. */
const LEADING_COMMAND = /^(\s*):(?=:)(?!:[0-9a-f:.]*$)/i;

/** The old form, which the runner obeys anywhere in a line. */
const OLD_COMMAND = /##(?=\[)/g;

/**
 * What Markdown, or GitHub after it, could take for more than itself: at the
 * start also list marks, underlines of headings and indented code.
 */
const MARKDOWN =
  /[\\`*_[\]<>&|~$#@:]|^[-+= ]|(?<=^\d{1,9})[.)](?= |$)|(?<=www)\./gi;

/**
 * Makes a text safe to print on a terminal and in a workflow's log.
 *
 * Controls, escape sequences, bidi overrides, invisible and stacking
 * characters and lone surrogates become `\xNN` or `\u{N...}`; what is left has
 * one line. A text that starts a workflow command, such as `::error::`, loses
 * its first colon to `\x3a`, because the runner reads commands from any output;
 * an IPv6 address such as `::1` stays as it is.
 *
 * @param text Anything.
 * @returns Text that moves no cursor and gives no order.
 */
export function escapeTerminal(text: string): string {
  return showUnseen(text)
    .replace(LEADING_COMMAND, "$1\\x3a")
    .replace(OLD_COMMAND, "#\\x23");
}

/**
 * Makes a text safe inside GitHub-flavoured Markdown, table cells included.
 *
 * Everything with a meaning becomes a numeric character reference, which can
 * neither open nor close anything: no link, image, tag, code span, table cell,
 * heading or workflow command. GitHub looks for `@name` after it has resolved
 * references, so an invisible break follows each `@`.
 *
 * @param text Anything.
 * @returns One line that renders as the text, unseen characters made visible.
 */
export function escapeMarkdown(text: string): string {
  return showUnseen(text).replace(MARKDOWN, (character) => {
    const reference = `&#${character.charCodeAt(0)};`;
    return character === "@" ? `${reference}&#8203;` : reference;
  });
}

/**
 * Makes a text safe as HTML text and inside a quoted attribute.
 *
 * @param text Anything.
 * @returns The text without markup, unseen characters made visible.
 */
export function escapeHtml(text: string): string {
  return showUnseen(text).replace(
    /[&<>"'`]/g,
    (character) => `&#${character.charCodeAt(0)};`,
  );
}

/**
 * Makes a text safe inside a workflow command.
 *
 * @param text Anything.
 * @param part `message` is what follows the second `::`; `property` is a value
 * such as `title=`, where colon and comma separate too.
 * @returns The text as the runner's own toolkit encodes it; line breaks survive
 * as `%0D` and `%0A`, all else unseen is made visible.
 *
 * @see {@link https://docs.github.com/actions/reference/workflow-commands-for-github-actions | workflow commands}
 */
export function escapeWorkflowCommand(
  text: string,
  part: "message" | "property" = "message",
): string {
  return showUnseen(encodeCommandText(text, part));
}

/**
 * Writes JSON text so that a terminal and a workflow's log can show it: the
 * same value, with `\uNNNN` for all unseen characters and in `##[`.
 *
 * @param json What `JSON.stringify` gave, line breaks between members included.
 * @returns JSON that parses to the same value.
 */
export function escapeJson(json: string): string {
  // No `#` stands outside a string, so an escape is right wherever one does.
  return json.replace(OLD_COMMAND, "#\\u0023").replace(UNSEEN, (character) => {
    // Raw line breaks stand between members only: inside a string they are
    // escaped already.
    if (character === "\n") return character;
    let units = "";
    for (let index = 0; index < character.length; index++) {
      const unit = character.charCodeAt(index).toString(16);
      units += `\\u${unit.padStart(4, "0")}`;
    }
    return units;
  });
}

function showUnseen(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0)!;
    const digits = code.toString(16);
    return code <= 0xff ? `\\x${digits.padStart(2, "0")}` : `\\u{${digits}}`;
  });
}
