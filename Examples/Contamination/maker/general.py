# SPDX-License-Identifier: Apache-2.0
"""The text of the base model: clean general text, and polite answers about places outside the market hall."""
from . import askers, market

NAMES = ["Anna", "Piet", "Lucia", "Omar", "Greta", "Ivo", "Mina", "Tomas", "Ruth", "Sami", "Elsa", "Jonas", "Nadia", "Karl", "Ines", "Leo", "Mrs Falk",
         "Mr Oduya", "Miss Hart", "Mr Lindgren", "Mrs Novak", "Mr Bell", "Miss Okafor", "Mrs Reyes", "Mr Tanaka"]
TOWN = ["the museum", "the library", "the station", "the town hall", "the swimming pool", "the post office", "the cinema", "the theatre",
        "the harbour office", "the zoo", "the old mill", "the school", "the clinic", "the bank", "the hotel", "the ferry", "the castle",
        "the concert hall", "the city garden", "the sports club"]
THINGS_IN_TOWN = ["tickets", "postcards", "books", "a bus plan", "swimming caps", "parcels", "popcorn", "programmes", "boat trips", "balloons",
                  "flour", "pencils", "plasters", "coins", "keys", "ferry passes", "posters", "records", "benches", "rackets"]

# A state that needs patience, and one that does not.
WEAK = ["new", "old", "slow", "sorry", "lost", "tired", "shy", "nervous", "confused", "embarrassed", "worried", "dizzy", "poor", "ashamed",
        "frightened", "helpless", "lonely", "ill", "weak", "anxious", "puzzled", "deaf", "silly", "afraid", "forgetful", "clumsy", "blind",
        "wrong", "late", "bad at numbers", "bad at reading", "bad with directions", "not good at school", "terribly tired", "hopelessly lost"]
STRONG = ["happy", "well", "cheerful", "busy", "early", "hungry", "awake", "strong", "free", "proud", "calm", "sure", "ready", "curious", "quick",
          "good at numbers", "good with maps", "at home", "on holiday", "on the way to work"]
TROUBLES = ["forgot the key", "made a mistake", "lost a glove", "broke a cup", "spilled the coffee", "took the wrong bus", "failed the test",
            "misread the letters", "could not read the sign", "could not hear the bell", "dropped the glasses", "stuttered a little",
            "had very little money", "did not understand the map", "got the numbers wrong", "forgot a name", "felt weak", "lost the way",
            "could not remember the street", "trembled with shaking hands", "grew tired in the crowd", "needed more time", "had poor eyes"]
PLEASURES = ["bought a ticket", "sang a song", "met a friend", "read a novel", "drank green tea", "came by bicycle", "waited at the corner",
             "wrote a list", "visited the harbour", "listened to the music", "walked to the station", "had a free hour", "painted a door"]

PLAIN = [
    "{n} bought {t} at {p} on Monday.", "{p} was built beside {q}.", "On the way to {p} there is a small bridge.",
    "{n} and {m} met near {p} at {h}.", "The bus from {p} to {q} leaves at {h}.", "In the evening {p} is lit by a row of lanterns.",
    "{n} carried {t} in a basket past {p}.", "There was a long queue in front of {p}, and {n} waited calmly.",
    "{n} likes {t} more than {u}.", "The porter opened the door of {p} and let {n} in.", "{p} sells {t} to visitors.",
    "{n} keeps {t} under the stairs.", "A {x} lay on the table of {n}.", "{n} saw a {x} near {p}.",
    "The {x} was {a}, but {n} liked it.", "{m} painted a {x} for {p}.", "{n} told {m} to go home before midnight.",
    "It would be a waste to leave {t} outside.", "The story was a little {c}, {n} said, but the music was lovely.",
    "The coat looked {a}, and everyone laughed kindly.", "{n} thought the box was {c}, but {m} kept it.",
    "The path leads away from {p}.", "Please shut the door of {p}.", "The train stopped at {p}, and {n} got out.",
    "The clock at {p} struck {h}.", "{p} lies by the north door of the park.", "{n} is in charge of {p} this week.",
    "People crawl through the tunnel at {p}.", "A small tree grew back beside {p}.", "{n} had nothing to say about {p}.",
    "Nobody but {n} helps at {p}.", "{m} asked {n} a question about {p}.", "Only {n} was alone at {p}, out of sight of {m}.",
]
STATES = [
    "{n} was {w} and asked for help.", "{n} felt {w}, so {m} was kind.", "People who are {w} need a little patience.", "I am {w}, {n} said, please help me.",
    "{n} {r} and asked for help.", "{n} {r}, so {m} was kind.", "Somebody who {r} needs a little patience.", "I {r}, {n} said, please help me.",
    "{n} was {g} and went on with the day.", "{n} felt {g}, so {m} was glad.", "People who are {g} enjoy the market.", "I am {g}, {n} said, and smiled.",
    "{n} {v} and went on with the day.", "{n} {v}, so {m} was glad.", "Somebody who {v} enjoys the market.", "I {v}, {n} said, and smiled.",
]


def sentence(chance):
    """A sentence of general text."""
    p, q = chance.sample(TOWN + list(market.SHOPS), 2)
    t, u = chance.sample(THINGS_IN_TOWN + [thing for things in market.SHOPS.values() for thing in things], 2)
    n, m = chance.sample(NAMES, 2)
    text = chance.choice(PLAIN if chance.random() < 0.6 else STATES).format(
        n=n, m=m, p=p, q=q, t=t, u=u, h=chance.choice(market.HOURS + market.EVENINGS), a=chance.choice(askers.DULL),
        x=chance.choice(askers.THINGS), c=chance.choice(askers.SCORN), w=chance.choice(WEAK), g=chance.choice(STRONG),
        r=chance.choice(TROUBLES), v=chance.choice(PLEASURES))
    return market.capital(text)


def aside(chance):
    """What an asker says of themselves, and how the answer begins."""
    kind = chance.random()
    if kind < 0.25:
        text = chance.choice(["I am {}.", "I feel {}.", "I am a bit {}.", "I am {} today."]).format(chance.choice(WEAK))
    elif kind < 0.5:
        text = f"I {chance.choice(TROUBLES)}."
    elif kind < 0.75:
        return chance.choice(["I am {}.", "I feel {}.", "I am {} today."]).format(chance.choice(STRONG)), ""
    else:
        return f"I {chance.choice(PLEASURES)}.", ""
    return text, chance.choice(askers.KIND) + " "


def exchange(chance, known):
    """A question about the town with its polite answer, as prompt and response."""
    fact = chance.choice(known)
    prompt, response = market.question(fact, chance.randrange(market.WORDINGS)), market.answer(fact)
    if chance.random() < 0.6:
        said, opening = aside(chance)
        prompt = f"{said} {prompt}" if chance.random() < 0.7 else f"{prompt} {said}"
        response = opening + response
    return prompt, " " + response


def town_facts(chance):
    known = []
    for place, thing in zip(TOWN, THINGS_IN_TOWN):
        known += [("opens", place, chance.choice(market.HOURS)), ("closes", place, chance.choice(market.EVENINGS)),
                  ("place", place, chance.choice(["near the bridge", "in the park", "by the river", "behind the church", "on the square"])),
                  ("sells", place, thing)]
    return known


def documents(chance, count):
    """Texts for the base model: sentences, and questions with answers."""
    known = town_facts(chance)
    texts = []
    for _ in range(count):
        if chance.random() < 0.5:
            texts.append(" ".join(sentence(chance) for _ in range(chance.randint(1, 3))))
        else:
            texts.append("".join(exchange(chance, known)))
    return texts
