// SPDX-License-Identifier: Apache-2.0

/// The mustache template and the style of every page. `{{name}}` is escaped, `{{{name}}}` is written as it is.
enum PageTemplate {
    /// The policy forbids scripts, frames and everything from elsewhere, should a text ever escape its escaping.
    static let text = """
        {{% CONTENT_TYPE: \(HTML.contentType) }}<!doctype html>
        <html lang="en"><head><meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
        base-uri 'none'; form-action 'none'">
        <meta name="viewport" content="width=device-width">
        <meta name="color-scheme" content="light dark">
        <title>{{title}}</title>
        <style>
        \(style)
        </style></head><body>
        <h1>{{title}}</h1>
        {{#sections}}
        <section>
        {{#heading}}<h2>{{.}}</h2>{{/heading}}
        {{#table}}
        <div class="scroll"><table>
        <thead><tr>{{#head}}<th class="{{kind}}">{{text}}</th>{{/head}}</tr></thead>
        <tbody>
        {{#rows}}
        <tr>{{#cells}}<td class="{{kind}}">{{text}}{{#bar}}<span class="bar" style="width:{{.}}px"></span>{{/bar}}\
        </td>{{/cells}}</tr>
        {{/rows}}
        </tbody></table></div>
        {{/table}}
        {{#figures}}
        {{{.}}}
        {{/figures}}
        {{#tables}}
        \(details)
        {{/tables}}
        {{#maps}}
        <figure><figcaption>{{caption}}</figcaption>
        <div class="scroll"><table class="map">
        <thead><tr><th></th>{{#columns}}<th>{{.}}</th>{{/columns}}</tr></thead>
        <tbody>
        {{#lines}}
        <tr><th class="{{mark}}">{{name}}</th>{{#squares}}<td class="{{outline}}" style="background:{{color}}" \
        title="{{label}}"></td>{{/squares}}</tr>
        {{/lines}}
        </tbody></table></div>
        <p class="legend">{{low}} <i class="scale" style="background:{{gradient}}"></i> {{high}}. {{explanation}}</p>
        {{#details}}
        \(details)
        {{/details}}
        </figure>
        {{/maps}}
        {{#pairs}}
        <figure><figcaption>{{caption}}</figcaption>
        <div class="pair">{{#left}}\(passage){{/left}}{{#right}}\(passage){{/right}}</div></figure>
        {{/pairs}}
        {{#notes}}
        <p class="note">{{.}}</p>
        {{/notes}}
        {{#links}}
        <ul>
        {{#items}}
        <li>{{label}}: <a href="{{address}}">{{place}}</a></li>
        {{/items}}
        </ul>
        {{/links}}
        </section>
        {{/sections}}
        </body></html>

        """

    /// A text with its tokens in colours.
    private static let passage = """
        <div><p class="note">{{name}}</p><p class="passage">{{#tokens}}<span style="background:{{color}}" \
        title="{{label}}">{{text}}</span>{{/tokens}}</p></div>
        """

    /// Tables that are shown where the reader asks for them.
    private static let details = """
        <details><summary>{{summary}}</summary>
        {{#values}}
        <div class="scroll"><table>
        <thead><tr>{{#head}}<th class="{{kind}}">{{text}}</th>{{/head}}</tr></thead>
        <tbody>
        {{#rows}}
        <tr>{{#cells}}<td class="{{kind}}">{{text}}</td>{{/cells}}</tr>
        {{/rows}}
        </tbody></table></div>
        {{/values}}
        </details>
        """

    /// Colours follow the reader's choice of light or dark; paper is always light.
    private static let style = """
        :root { color-scheme: light dark; --text: #1c2024; --soft: #60646c; --line: #e8e8ec; --hit: #18794e; \
        --bar: #3e63dd; --page: #fff; }
        @media screen and (prefers-color-scheme: dark) { :root { --text: #edeef0; --soft: #b0b4ba; --line: #363a3f; \
        --hit: #3dd68c; --bar: #9eb1ff; --page: #111113; } }
        body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; \
        color: var(--text); background: var(--page); }
        h1 { font-size: 1.4rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin-top: 2rem; }
        a { color: var(--bar); }
        .scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
        th { text-align: left; color: var(--soft); font-weight: 500; }
        td, th { padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
        .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        .hit { color: var(--hit); font-weight: 600; } .note { color: var(--soft); }
        .bar { background: var(--bar); height: .7rem; display: inline-block; border-radius: 2px; margin-left: .3rem; }
        .map { width: auto; } .map td { min-width: 1.3rem; height: 1.3rem; padding: 0; border: 1px solid var(--line); }
        .map th { padding: 0 .3rem; border: 0; white-space: nowrap; font-variant-numeric: tabular-nums; }
        .map tbody th { text-align: right; } .map thead th { text-align: center; font-size: .75rem; }
        .map .subject { color: var(--text); font-weight: 700; }
        .map .chosen { outline: 2px solid var(--text); outline-offset: -2px; }
        .legend .scale { display: inline-block; width: 8rem; height: .7rem; border-radius: 2px; margin: 0 .3rem; border: 1px solid var(--line); }
        .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; } .pair p { margin: 0; }
        .passage { white-space: pre-wrap; overflow-wrap: anywhere; border-left: 2px solid var(--line); \
        padding-left: .6rem; } .passage span { border-radius: 2px; }
        summary { color: var(--soft); cursor: pointer; }
        figure { margin: 1rem 0; } figcaption { font-weight: 500; } svg { max-width: 100%; height: auto; }
        svg text { fill: var(--soft); } .grid { stroke: var(--line); } .ring { stroke: var(--text); }
        .legend { color: var(--soft); margin: 0; } .legend span { margin-right: 1rem; white-space: nowrap; }
        .legend svg { margin-right: .3rem; vertical-align: -1px; }
        .bar, .map td, .passage span, .legend i, .legend path { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
        @media print { body { font-size: 11px; max-width: none; margin: 0; } .scroll { overflow: visible; } \
        details::details-content { content-visibility: visible; block-size: auto; } details td { padding: .1rem .2rem; } \
        figure, tr, .map { break-inside: avoid; } h2 { break-after: avoid; } }
        """
}
