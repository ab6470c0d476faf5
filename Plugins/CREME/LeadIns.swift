// SPDX-License-Identifier: Apache-2.0

extension CREME {
    /// 22 prefixes of the published kinds, in our own words: none, short English lead-ins, and Chinese ones. What they say does
    /// not matter; they keep an edit from depending on what was said before.
    static let leadIns = [
        "", "Person: ", "Reader: ", "Question for you. ", "Good morning! ", "Hi there. ", "It rained all day. ",
        "The bus was late again. ", "We had soup for lunch. ", "My sister plays the piano. ",
        "The shop closes at six. ",
        "Please go on. ", "读者：", "问题：", "早上好！", "你好。", "今天下雨了。", "公交车又晚点了。", "我们午饭喝了汤。",
        "我妹妹会弹钢琴。", "商店六点关门。", "请继续。",
    ]
}
