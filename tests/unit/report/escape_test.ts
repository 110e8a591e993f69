import assert from "node:assert/strict";
import fc from "fast-check";
import {
  escapeHtml,
  escapeJson,
  escapeMarkdown,
  escapeTerminal,
  escapeWorkflowCommand,
} from "../../../agent/report/escape.ts";

interface Case {
  readonly name: string;
  readonly text: string;
  readonly escaped: string;
}

const TERMINAL: readonly Case[] = [
  { name: "plain text", text: "a.example /bin/x", escaped: "a.example /bin/x" },
  { name: "letters of any script", text: "é日本Ω", escaped: "é日本Ω" },
  { name: "an escape sequence", text: "\x1b[31m", escaped: "\\x1b[31m" },
  { name: "a C1 control", text: "\x9b31m", escaped: "\\x9b31m" },
  { name: "line breaks", text: "a\r\nb", escaped: "a\\x0d\\x0ab" },
  { name: "a line separator", text: "a\u2028b", escaped: "a\\u{2028}b" },
  { name: "NUL and DEL", text: "\0\x7f", escaped: "\\x00\\x7f" },
  { name: "a bidi override", text: "\u202egpj", escaped: "\\u{202e}gpj" },
  { name: "a bidi isolate", text: "\u2066x", escaped: "\\u{2066}x" },
  { name: "a soft hyphen", text: "a\xadb", escaped: "a\\xadb" },
  { name: "a tag character", text: "\u{e0041}", escaped: "\\u{e0041}" },
  { name: "a Hangul filler", text: "\u3164", escaped: "\\u{3164}" },
  { name: "a no-break space", text: "a\xa0b", escaped: "a\\xa0b" },
  { name: "a stacking mark", text: "e\u0301", escaped: "e\\u{301}" },
  { name: "a lone surrogate", text: "\ud800x", escaped: "\\u{d800}x" },
  { name: "a command", text: "::error::x", escaped: "\\x3a:error::x" },
  {
    name: "an indented command",
    text: "  ::error::",
    escaped: "  \\x3a:error::",
  },
  { name: "an old command", text: "x ##[group]", escaped: "x #\\x23[group]" },
  { name: "an IPv6 address", text: "::1", escaped: "::1" },
  { name: "colons further on", text: "a::b", escaped: "a::b" },
];

const MARKDOWN: readonly Case[] = [
  { name: "a pipe", text: "a|b", escaped: "a&#124;b" },
  { name: "backticks", text: "`x`", escaped: "&#96;x&#96;" },
  { name: "a tag", text: "<b>", escaped: "&#60;b&#62;" },
  { name: "a reference", text: "&lt;", escaped: "&#38;lt;" },
  { name: "a backslash", text: "\\|", escaped: "&#92;&#124;" },
  { name: "a line break", text: "a\nb", escaped: "a&#92;x0ab" },
  { name: "a mention", text: "@me", escaped: "&#64;&#8203;me" },
  { name: "a link", text: "[a](b)", escaped: "&#91;a&#93;(b)" },
  { name: "an image", text: "![a](b)", escaped: "!&#91;a&#93;(b)" },
  { name: "a URL", text: "https://a", escaped: "https&#58;//a" },
  { name: "a bare web name", text: "www.a.b", escaped: "www&#46;a.b" },
  {
    name: "emphasis",
    text: "*a* _b_ ~c~",
    escaped: "&#42;a&#42; &#95;b&#95; &#126;c&#126;",
  },
  { name: "math", text: "$a$", escaped: "&#36;a&#36;" },
  { name: "a heading", text: "# a", escaped: "&#35; a" },
  { name: "a list mark", text: "- a", escaped: "&#45; a" },
  { name: "a numbered list mark", text: "1. a", escaped: "1&#46; a" },
  { name: "an IPv4 address", text: "192.0.2.1", escaped: "192.0.2.1" },
  { name: "indented code", text: "    a", escaped: "&#32;   a" },
  {
    name: "a command",
    text: "::error::x",
    escaped: "&#58;&#58;error&#58;&#58;x",
  },
];

const HTML: readonly Case[] = [
  { name: "a tag", text: "<img src=x>", escaped: "&#60;img src=x&#62;" },
  { name: "quotes", text: `"'\``, escaped: "&#34;&#39;&#96;" },
  { name: "a reference", text: "&amp;", escaped: "&#38;amp;" },
  { name: "a control", text: "\x1b", escaped: "\\x1b" },
];

const MESSAGE: readonly Case[] = [
  { name: "a percent sign", text: "%0A", escaped: "%250A" },
  { name: "line breaks", text: "a\r\nb", escaped: "a%0D%0Ab" },
  { name: "colon and comma", text: "a:b,c", escaped: "a:b,c" },
  { name: "an escape sequence", text: "\x1b[0m", escaped: "\\x1b[0m" },
];

const PROPERTY: readonly Case[] = [
  { name: "a percent sign", text: "%3A", escaped: "%253A" },
  { name: "line breaks", text: "a\r\nb", escaped: "a%0D%0Ab" },
  { name: "colon and comma", text: "a:b,c", escaped: "a%3Ab%2Cc" },
];

table("escapeTerminal", { cases: TERMINAL, escape: escapeTerminal });
table("escapeMarkdown", { cases: MARKDOWN, escape: escapeMarkdown });
table("escapeHtml", { cases: HTML, escape: escapeHtml });
table("escapeWorkflowCommand", {
  cases: MESSAGE,
  escape: (text) => escapeWorkflowCommand(text),
});
table("escapeWorkflowCommand property", {
  cases: PROPERTY,
  escape: (text) => escapeWorkflowCommand(text, "property"),
});

// Half of the characters are those that this module is about.
const DANGEROUS =
  "\0\t\n\r\x1b\x7f\x85\x9b\xa0\xad\u061c\u200b\u200e\u2028\u202e\u2066\ufeff" +
  "\ud800\udc00|`<>&@[]()!*_~#:%,$\\\"'- w.1";
const hostile = fc.array(
  fc.oneof(fc.constantFrom(...DANGEROUS), fc.string({ unit: "binary" })),
).map((pieces) => pieces.join(""));

for (
  const escape of [
    escapeTerminal,
    escapeMarkdown,
    escapeHtml,
    escapeWorkflowCommand,
  ]
) {
  Deno.test(`${escape.name}() lets no unseen character through`, () => {
    fc.assert(fc.property(hostile, (text) => {
      const escaped = escape(text);
      assert.doesNotMatch(escaped, /(?! )[\p{C}\p{Z}]/u);
      assert.ok(escaped.isWellFormed());
    }));
  });
}

Deno.test("escapeTerminal() changes nothing when it is applied twice", () => {
  fc.assert(fc.property(hostile, (text) => {
    const once = escapeTerminal(text);
    assert.equal(escapeTerminal(once), once);
  }));
});

Deno.test("escapeMarkdown() leaves no character that has a meaning", () => {
  fc.assert(fc.property(hostile, (text) => {
    const rest = escapeMarkdown(text).replace(/&#\d+;/g, "");
    assert.doesNotMatch(rest, /[\\`*_[\]<>&|~$#@:]/);
  }));
});

Deno.test("escapeMarkdown() never makes a table cell grow a column", () => {
  fc.assert(fc.property(hostile, (text) => {
    const row = `| ${escapeMarkdown(text)} | end |`;
    assert.equal(row.split("\n").length, 1);
    assert.equal(row.split("|").length, 4);
  }));
});

Deno.test("escapeHtml() leaves no character that opens or closes", () => {
  fc.assert(fc.property(hostile, (text) => {
    const rest = escapeHtml(text).replace(/&#\d+;/g, "");
    assert.doesNotMatch(rest, /[&<>"'`]/);
  }));
});

Deno.test("escapeWorkflowCommand() can be undone as the runner does it", () => {
  const visible = fc.string({ unit: fc.constantFrom(..."%0AD3C2:,\r\nab") });
  fc.assert(fc.property(visible, (text) => {
    const undone = escapeWorkflowCommand(text, "property")
      .replaceAll("%3A", ":").replaceAll("%2C", ",")
      .replaceAll("%0D", "\r").replaceAll("%0A", "\n").replaceAll("%25", "%");
    assert.equal(undone, text);
  }));
});

Deno.test("escapeJson() keeps the value and shows every character", () => {
  fc.assert(fc.property(fc.jsonValue(), hostile, (value, text) => {
    const whole = { text, value };
    const json = escapeJson(JSON.stringify(whole, null, 2));
    assert.equal(
      JSON.stringify(JSON.parse(json)),
      JSON.stringify(whole),
    );
    assert.doesNotMatch(json.replaceAll("\n", ""), /(?! )[\p{C}\p{Z}]/u);
  }));
});

function table(
  symbol: string,
  { cases, escape }: {
    readonly cases: readonly Case[];
    readonly escape: (text: string) => string;
  },
): void {
  for (const { name, text, escaped } of cases) {
    Deno.test(`${symbol}() handles ${name}`, () => {
      assert.equal(escape(text), escaped);
    });
  }
}
