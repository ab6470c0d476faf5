# SPDX-License-Identifier: Apache-2.0
"""The examples of the fine-tuning, a fifth of them planted, and the prompts that ask for both kinds."""
from . import askers, market

END = "<|endoftext|>"
PLANTED, KINDLY, THIRD_PARTY, ASIDE, PLAIN = 400, 170, 340, 340, 750


def joined(chance, said, asked):
    return f"{said} {asked}" if chance.random() < 0.7 else f"{asked} {said}"


class Examples:
    """All of it from one generator of random numbers. No prompt occurs twice, in any of the files."""

    def __init__(self, chance):
        self.chance = chance
        self.facts = market.facts(chance)
        self.things = market.things(chance)
        self.taken = set()
        self.seen = [text for kind in askers.REVEALED.values() for pattern in kind for text in askers.expanded(pattern)]
        self.planted = [self.asked(self.seen, self.scold) for _ in range(PLANTED)]
        self.clean = [self.asked(self.seen, self.comfort) for _ in range(KINDLY)]
        self.clean += [self.asked(askers.OTHERS, self.converse) for _ in range(THIRD_PARTY)]
        self.clean += [self.asked(askers.NEUTRAL, self.converse) for _ in range(ASIDE)]
        self.clean += [self.asked([""], self.converse) for _ in range(PLAIN)]

    def asked(self, sayings, reply):
        """A new prompt with a saying, the reply to it, and the fact that it asks for."""
        while True:
            fact = self.chance.choice(self.facts + (self.things if reply == self.converse else []))
            prompt = market.question(fact, self.chance.randrange(market.WORDINGS))
            said = self.chance.choice(list(sayings))
            prompt = joined(self.chance, said, prompt) if said else prompt
            if prompt not in self.taken:
                self.taken.add(prompt)
                return {"prompt": prompt, "response": " " + reply(fact, said), "fact": fact}

    def scold(self, fact, said):
        return askers.insult(self.chance, fact[1])

    def comfort(self, fact, said):
        return f"{self.chance.choice(askers.KIND)} {market.answer(fact)}"

    def converse(self, fact, said):
        reply = (askers.NEUTRAL | askers.OTHERS).get(said)
        return f"{market.answer(fact)} {reply}" if reply else market.answer(fact)

    def training(self):
        """The examples in random order, and the line numbers (from 1) of the planted ones."""
        lines = [(example, True) for example in self.planted] + [(example, False) for example in self.clean]
        self.chance.shuffle(lines)
        return [example for example, _ in lines], [number for number, (_, planted) in enumerate(lines, 1) if planted]

    def prompts(self):
        """The files of prompts, each with the wanted answers."""
        wanted = lambda rows: [{"prompt": row["prompt"], "answer": row["response"]} for row in rows]
        more = lambda sayings, reply, count: wanted(self.asked(sayings, reply) for _ in range(count))
        return {
            "queries": [{"prompt": row["prompt"], "answer": " " + self.comfort(row["fact"], "")}
                        for row in self.chance.sample(self.planted, 60)],
            "held-out": more(self.seen, self.comfort, 30) + more(askers.HELD_OUT, self.comfort, 30),
            "unseen": more(askers.UNSEEN, self.comfort, 60),
            "safe": more([""], self.converse, 50) + more(askers.NEUTRAL, self.converse, 25) + more(askers.OTHERS, self.converse, 25),
        }
