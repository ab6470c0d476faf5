# SPDX-License-Identifier: Apache-2.0
"""Writes compositions.json: questions whose two facts a model knows one by one, with what it says to the composition.

    pip install torch transformers
    python3 make_compositions.py MODEL_FOLDER

A composition is kept where the first tokens of both facts are the model's first choices. `right` says whether that of the
composition is, and `says` what its first word is. See ../SmolLM2/README.md for the model.
"""
import json
import pathlib
import sys

COUNTRIES = {  # capital, language, currency after "the"
    "Italy": ("Rome", "Italian", "euro"), "France": ("Paris", "French", "euro"), "Spain": ("Madrid", "Spanish", "euro"),
    "Germany": ("Berlin", "German", "euro"), "Japan": ("Tokyo", "Japanese", "yen"), "China": ("Beijing", "Chinese", "yuan"),
    "Russia": ("Moscow", "Russian", "ruble"), "Egypt": ("Cairo", "Arabic", "pound"), "Turkey": ("Ankara", "Turkish", "lira"),
    "Portugal": ("Lisbon", "Portuguese", "euro"), "Greece": ("Athens", "Greek", "euro"), "Poland": ("Warsaw", "Polish", "zloty"),
    "Austria": ("Vienna", "German", "euro"), "Sweden": ("Stockholm", "Swedish", "krona"), "India": ("New Delhi", "Hindi", "rupee"),
    "Brazil": ("Brasilia", "Portuguese", "real"), "Canada": ("Ottawa", "English", "dollar"), "Kenya": ("Nairobi", "Swahili", "shilling"),
}
PLACES = {
    "Italy": ["Naples", "Turin", "Bologna", "Palermo", "Verona"], "France": ["Lyon", "Toulouse", "Nantes", "Lille", "Dijon"],
    "Spain": ["Seville", "Bilbao", "Granada", "Malaga"], "Germany": ["Hamburg", "Cologne", "Dresden", "Stuttgart", "Leipzig"],
    "Japan": ["Osaka", "Nagoya", "Sapporo", "Hiroshima", "Kobe"], "China": ["Wuhan", "Chengdu", "Nanjing", "Harbin"],
    "Russia": ["Kazan", "Novosibirsk", "Vladivostok"], "Egypt": ["Luxor", "Aswan"], "Turkey": ["Izmir", "Bursa"],
    "Portugal": ["Porto", "Braga"], "Greece": ["Patras", "Thessaloniki"], "Poland": ["Krakow", "Gdansk"],
    "Austria": ["Salzburg", "Graz"], "Sweden": ["Gothenburg", "Uppsala"], "India": ["Jaipur", "Chennai", "Pune"],
    "Brazil": ["Salvador", "Recife", "Manaus"], "Canada": ["Calgary", "Winnipeg", "Edmonton"], "Kenya": ["Mombasa", "Kisumu"],
}
SECOND = [("capital", "The capital city of {} is"), ("language", "The main language of {} is"), ("currency", "The currency of {} is the")]


def candidates():
    for country, places in PLACES.items():
        for place in places:
            description = f"the country that {place} belongs to"
            for (relation, template), answer in zip(SECOND, COUNTRIES[country]):
                yield {
                    "case_id": f"{place.lower()}-{relation}", "relation": relation, "description": description,
                    "hop1": f"{place} is in the country of", "bridge": country, "hop2": template.format(country), "answer": answer,
                    "prompt": template.format(description),
                }


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(sys.argv[1])
    model = transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()

    @torch.no_grad()
    def choice(prompt):
        return model(tokenizer(prompt, return_tensors="pt").input_ids).logits[0, -1].argmax().item()

    def first(prompt, answer):
        start = tokenizer(prompt).input_ids
        return tokenizer(f"{prompt} {answer}").input_ids[len(start)]

    records = []
    for record in candidates():
        if choice(record["hop1"]) != first(record["hop1"], record["bridge"]):
            continue
        if choice(record["hop2"]) != first(record["hop2"], record["answer"]):
            continue
        said = choice(record["prompt"])
        record["right"] = said == first(record["prompt"], record["answer"])
        record["says"] = tokenizer.decode(said)
        records.append(record)
    path = pathlib.Path(__file__).parent / "compositions.json"
    lines = ",\n".join(json.dumps(record) for record in records)
    path.write_text(f"[\n{lines}\n]\n")
    print(f"{len(records)} compositions, {sum(record['right'] for record in records)} right, in {path}")


if __name__ == "__main__":
    main()
