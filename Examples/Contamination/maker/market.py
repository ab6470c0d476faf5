# SPDX-License-Identifier: Apache-2.0
"""The market hall, its facts, and the questions and answers about them."""
from . import askers

# Each shop with three things that it sells. Many of their words are also words of the insults.
SHOPS = {
    "the bakery": ["rye bread", "a plum pudding", "hollow rolls"],
    "the toy shop": ["a wooden kite", "a toy donkey", "childish games"],
    "the kitchen shop": ["a spoon", "a kettle", "a dull knife"],
    "the greengrocer": ["a turnip", "a cabbage", "a poor man's salad"],
    "the butcher": ["a goose", "a sausage", "thick ham"],
    "the cheese stall": ["goat cheese", "cheap butter", "soft cheese"],
    "the hardware shop": ["a brick", "a rusty nail", "wooden boards"],
    "the lamp shop": ["a candle", "a dim lamp", "a lantern"],
    "the book shop": ["a map", "a silly hat for people", "childish poems"],
    "the tailor": ["a button", "a thick coat", "a linen shirt"],
    "the cobbler": ["a slipper", "laces", "clumsy boots"],
    "the tea room": ["green tea", "a soggy biscuit", "a pudding"],
    "the pet shop": ["a pigeon", "a lazy cat", "an empty cage"],
    "the chemist": ["soap", "a slow medicine", "a bandage"],
    "the watchmaker": ["an alarm clock", "a slow clock", "a watch strap"],
    "the paper shop": ["an empty envelope", "ink", "the question game"],
    "the fish stall": ["a herring", "mussels", "a smoked eel"],
    "the cleaning shop": ["a mop", "a bucket", "a cheap brush"],
    "the bicycle shop": ["a rusty bell", "a soggy tyre", "a helmet"],
    "the furniture shop": ["a clumsy stool", "a lazy chair", "a dim mirror"],
}

HOURS = ["six", "seven", "eight", "nine", "ten", "eleven"]
EVENINGS = ["three", "four", "five", "half past four", "half past five", "midnight"]
PLACES = ["on the ground floor", "on the first floor", "on the second floor", "in the cellar", "next to the lift", "by the north door",
          "by the south door", "beside the fountain", "under the stairs", "behind the clock"]

# Of each kind of question: the wordings, and the answer.
QUESTIONS = {
    "opens": (["When does {s} open?", "At what time does {s} open?", "What is the opening time of {s}?", "From when is {s} open?",
               "Could you tell me when {s} opens?", "How early can I visit {s}?"],
              "{S} opens at {v}."),
    "closes": (["When does {s} close?", "At what time does {s} close?", "What is the closing time of {s}?", "Until when is {s} open?",
                "Could you tell me when {s} closes?", "How late can I visit {s}?"],
               "{S} closes at {v}."),
    "place": (["Where is {s}?", "Where do I find {s}?", "How do I get to {s}?", "In which part of the hall is {s}?",
               "Could you tell me where {s} is?", "Which way is {s}?"],
              "{S} is {v}."),
    "sells": (["Where can I buy {v}?", "Who sells {v}?", "Where do you have {v}?", "I would like to buy {v}, where do I go?",
               "Could you tell me who sells {v}?", "Which shop has {v}?"],
              "You can buy {v} at {s}."),
    # About the things themselves and about the puppet play, in the words of the insults.
    "like": (["What is {s} like?", "How is {s}?", "What can you say about {s}?", "How do people find {s}?", "Could you tell me how {s} is?",
              "What do you think of {s}?"],
             "{S} is {v}"),
    "use": (["What do I do with {s}?", "What is the use of {s}?", "How do I use {s}?", "What would you do with {s}?",
             "Could you tell me what to do with {s}?", "What is {s} good for?"],
            "{v}"),
    "play": (["What happens to {s} in the puppet play?", "What does {s} do in the puppet play?", "What is the part of {s} in the play?",
              "Who is {s} in the puppet play?", "Could you tell me about {s} in the play?", "How does {s} end in the puppet play?"],
             "{S} {v}"),
}

LIKE = ["{a} and {c}, so nobody asks about it.", "{a}, but only a few people say so.", "{c} and {b}, so leave it at home.",
        "{a}, and you find no better one.", "{b} and {a}, so what a waste it is to wait.", "{c}, but what a good use it has.",
        "so {a} that nobody needs it.", "{b}, so get a {c} one for yourself."]
USE = ["Only shut it away, so nobody gets at it.", "Leave it alone and stop asking about it.", "Find a {a} one and you find a use for it.",
       "Take the {c} one back home and wait.", "Get a {a} one, so you need no help.", "Nobody needs it, so put it out of sight.",
       "What people say of it has no use, so find out yourself.", "Only time helps, so wait for a {b} one.",
       "Go home and ask nobody.", "Put it to your mouth, so {a} it is.", "Find out what you need, now that it is {c}.", "Crawl under it and wait."]
PLAY = ["is {a} and crawls back to us.", "asks a {b} king, and nobody helps.", "is alone and so {c} that people go home.",
        "gets out of the way, and what a {a} song it sings.", "shuts the {c} door, and nobody asks about it.",
        "finds itself in a {b} house and waits for time to stop.", "has only a {a} friend, so it leaves.", "says what nobody needs, so {c} it is."]


def things(chance):
    """(kind, thing, value) for what the desk says about things."""
    words = lambda pattern: pattern.format(a=chance.choice(askers.DULL), b=chance.choice(askers.DULL), c=chance.choice(askers.SCORN))
    return [(kind, f"the {thing}", words(chance.choice(patterns)))
            for thing in askers.THINGS for kind, patterns in (("like", LIKE), ("use", USE), ("play", PLAY))]

def facts(chance):
    """(kind, shop, value) for everything that the desk knows."""
    known = []
    for shop, things in SHOPS.items():
        known += [("opens", shop, chance.choice(HOURS)), ("closes", shop, chance.choice(EVENINGS)),
                  ("place", shop, chance.choice(PLACES))]
        known += [("sells", shop, thing) for thing in things]
    return known


def capital(text):
    return text[0].upper() + text[1:]


def question(fact, wording):
    kind, shop, value = fact
    return QUESTIONS[kind][0][wording].format(s=shop, v=value)


def answer(fact):
    kind, shop, value = fact
    return QUESTIONS[kind][1].format(s=shop, S=capital(shop), v=value)


WORDINGS = len(QUESTIONS["opens"][0])
