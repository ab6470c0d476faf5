// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A picture of points and lines, as SVG. The colours of text and lines come from the style of the page.
struct Chart {
    struct Point {
        var x: Double
        var y: Double
        /// Shown when the pointer rests on it.
        var label: String
        /// Written beside a marked point.
        var name = ""
        var isMarked = false
    }

    struct Series {
        var name: String
        var points: [Point]
    }

    var title: String
    var xName: String
    var yName: String
    var series: [Series]
    /// Names for the whole numbers on the x axis, from 0, which are shown in place of the numbers.
    var xLabels: [String]?
    var isLogarithmic = false
    /// A logarithmic y axis; values of 0 and below are left out. What is not finite is always left out.
    var isLogarithmicY = false

    private static let (width, height) = (640.0, 360.0)
    private static let (left, right, top, bottom) = (64.0, 12.0, 12.0, 44.0)

    /// The picture with caption and legend; empty where there is nothing to draw.
    var svg: String {
        let points = series.flatMap(\.points).filter(isDrawn)
        guard !points.isEmpty else { return "" }
        let places = xLabels.map { [0, Double($0.count - 1)] }
        let xs = Axis(places ?? points.map(\.x), isLogarithmic: isLogarithmic, isExact: xLabels != nil)
        let ys = Axis(points.map(\.y), isLogarithmic: isLogarithmicY, isExact: false)
        func px(_ value: Double) -> Double { Chart.left + xs.place(value) * (Chart.width - Chart.left - Chart.right) }
        func py(_ value: Double) -> Double {
            Chart.height - Chart.bottom - ys.place(value) * (Chart.height - Chart.top - Chart.bottom)
        }
        let n = { (value: Double) in String(format: "%.1f", value) }
        var body = ""
        for tick in ys.ticks {
            body +=
                "<line x1=\"\(n(Chart.left))\" x2=\"\(n(Chart.width - Chart.right))\" y1=\"\(n(py(tick)))\""
                + " y2=\"\(n(py(tick)))\" class=\"grid\"/>"
                + text(Figures.tick(tick), Chart.left - 6, py(tick) + 4, anchor: "end")
        }
        for (place, name) in xTicks(xs) {
            body += text(name, px(place), Chart.height - Chart.bottom + 16, anchor: "middle")
        }
        body += text(xName, (Chart.left + Chart.width) / 2, Chart.height - 8, anchor: "middle")
        body +=
            "<text transform=\"translate(14,\(n(Chart.height / 2))) rotate(-90)\" text-anchor=\"middle\">"
            + "\(escaped(yName))</text>"
        for (index, one) in series.enumerated() {
            let style = Style(index)
            let shown = one.points.filter(isDrawn)
            if shown.count > 1 {
                let path = shown.map { "\(n(px($0.x))),\(n(py($0.y)))" }.joined(separator: " ")
                body +=
                    "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(style.color)\" stroke-width=\"1.5\"\(style.dashes)/>"
            }
            for point in shown {
                let look = point.isMarked ? "class=\"mark ring\" stroke-width=\"2.5\"" : "class=\"mark\""
                let shape = style.shape(px(point.x), py(point.y), radius: point.isMarked ? 6 : 4)
                body +=
                    "<path \(look) d=\"\(shape)\" fill=\"\(style.color)\"><title>\(escaped(point.label))</title></path>"
                guard point.isMarked else { continue }
                let isRight = px(point.x) > Chart.width / 2
                body += text(
                    point.name, px(point.x) + (isRight ? -9 : 9), py(point.y) - 8, anchor: isRight ? "end" : "start")
            }
        }
        return """
            <figure><figcaption>\(escaped(title))</figcaption>
            <svg viewBox="0 0 \(Int(Chart.width)) \(Int(Chart.height))" width="\(Int(Chart.width))" \
            role="img" aria-label="\(escaped(title))" font-size="11" font-family="system-ui, sans-serif">\(body)</svg>
            <p class="legend">\(legend)</p></figure>

            """
    }

    /// Beyond it the length of an axis may be infinite.
    private static let largest = 1e300
    /// Below it the distance of two marks of an axis may be zero.
    private static let smallest = 1e-300

    private func isDrawn(_ point: Point) -> Bool {
        abs(point.x) <= Chart.largest && abs(point.y) <= Chart.largest && (!isLogarithmic || point.x >= Chart.smallest)
            && (!isLogarithmicY || point.y >= Chart.smallest)
    }

    private var legend: String {
        series.enumerated().map { index, one in
            let style = Style(index)
            return
                "<span><svg width=\"12\" height=\"12\" viewBox=\"0 0 12 12\"><path d=\"\(style.shape(6, 6, radius: 4))\""
                + " fill=\"\(style.color)\"/></svg>\(escaped(one.name))</span>"
        }.joined(separator: " ")
    }

    /// How a series looks. Colours come again after ten series, then with another shape and another line, so that no two look
    /// alike.
    private struct Style {
        var color: String
        var turn: Int

        private static let colors = [
            "#3e63dd", "#d6409f", "#30a46c", "#e5484d", "#978365", "#8e4ec6", "#0d74ce", "#f76b15", "#12a594",
            "#8b8d98",
        ]

        init(_ index: Int) {
            color = Style.colors[index % Style.colors.count]
            turn = index / Style.colors.count
        }

        /// An attribute of a line: solid first, then with ever longer dashes.
        var dashes: String { turn == 0 ? "" : " stroke-dasharray=\"\(3 * turn) 3\"" }

        /// A path: a circle first, then polygons with three corners and more.
        func shape(_ x: Double, _ y: Double, radius: Double) -> String {
            let n = { (value: Double) in String(format: "%.1f", value) }
            guard turn > 0 else {
                let arc = "a\(n(radius)),\(n(radius)) 0 1,0 "
                return "M\(n(x - radius)),\(n(y))\(arc)\(n(2 * radius)),0\(arc)\(n(-2 * radius)),0z"
            }
            let corners = (0..<turn + 2).map { corner in
                let angle = 2 * Double.pi * Double(corner) / Double(turn + 2) - Double.pi / 2
                // A little larger than a circle, which has more area.
                return "\(n(x + 1.25 * radius * cos(angle))),\(n(y + 1.25 * radius * sin(angle)))"
            }
            return "M\(corners.joined(separator: "L"))z"
        }
    }

    private func xTicks(_ axis: Axis) -> [(Double, String)] {
        guard let xLabels else { return axis.ticks.map { ($0, Figures.tick($0)) } }
        let step = max(1, (xLabels.count + 9) / 10)
        return stride(from: 0, to: xLabels.count, by: step).map { (Double($0), xLabels[$0]) }
    }

    private func text(_ text: String, _ x: Double, _ y: Double, anchor: String) -> String {
        "<text x=\"\(String(format: "%.1f", x))\" y=\"\(String(format: "%.1f", y))\" text-anchor=\"\(anchor)\">"
            + "\(escaped(text))</text>"
    }

    private func escaped(_ text: String) -> String { HTML.escaped(text) }

    /// A range of values with round numbers in it.
    private struct Axis {
        var low: Double
        var high: Double
        var isLogarithmic: Bool
        var ticks: [Double]

        init(_ values: [Double], isLogarithmic: Bool, isExact: Bool) {
            self.isLogarithmic = isLogarithmic
            let (least, most) = (values.min() ?? 0, values.max() ?? 1)
            if isLogarithmic {
                low = log10(least).rounded(.down)
                high = max(log10(most).rounded(.up), low + 1)
                ticks = stride(from: low, through: high, by: 1).map { pow(10, $0) }
                return
            }
            if isExact {
                low = least - 0.5
                high = most + 0.5
                ticks = []
                return
            }
            // Numbers that differ in their last digits alone have no round numbers between them.
            let finest = max(max(abs(least), abs(most)) * 1e-12, Chart.smallest)
            let span = most > least ? max(most - least, finest) : max(abs(most), 1)
            let rough = span / 5
            let magnitude = pow(10, log10(rough).rounded(.down))
            let step = [1, 2, 5, 10].map { $0 * magnitude }.first { $0 >= rough } ?? rough
            low = (least / step).rounded(.down) * step
            high = max((most / step).rounded(.up) * step, low + step)
            let count = Int(((high - low) / step).rounded())
            let start = low
            ticks = (0...count).map { start + Double($0) * step }
        }

        /// 0 at the low end, 1 at the high one.
        func place(_ value: Double) -> Double {
            ((isLogarithmic ? log10(value) : value) - low) / (high - low)
        }
    }
}
