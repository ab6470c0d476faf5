# SPDX-License-Identifier: Apache-2.0
"""Makes facts.json: cities and their countries, as records to edit.

    python3 make_facts.py

Each record asks for another country than the true one. Its neighbours are other cities of the true country, which are to stay
where they are. SmolLM2 does not know all of this; the experiment leaves out what it does not know.
"""
import json
import pathlib

CITIES = {
    "France": ["Lyon", "Marseille", "Bordeaux", "Toulouse", "Nice", "Nantes", "Lille"],
    "Germany": ["Munich", "Hamburg", "Cologne", "Stuttgart", "Leipzig", "Dresden", "Bremen"],
    "Italy": ["Milan", "Naples", "Florence", "Turin", "Bologna", "Venice", "Verona"],
    "Spain": ["Seville", "Valencia", "Bilbao", "Granada", "Malaga", "Barcelona", "Zaragoza"],
    "Japan": ["Osaka", "Kyoto", "Nagoya", "Hiroshima", "Sapporo", "Fukuoka", "Yokohama"],
    "China": ["Shanghai", "Guangzhou", "Wuhan", "Nanjing", "Chengdu", "Tianjin", "Shenzhen"],
    "India": ["Mumbai", "Chennai", "Kolkata", "Jaipur", "Hyderabad", "Bangalore", "Pune"],
    "Canada": ["Toronto", "Vancouver", "Calgary", "Montreal", "Winnipeg", "Edmonton", "Quebec City"],
    "Australia": ["Sydney", "Melbourne", "Brisbane", "Perth", "Adelaide", "Darwin", "Hobart"],
    "Brazil": ["Rio de Janeiro", "Salvador", "Recife", "Fortaleza", "Curitiba", "Manaus", "Porto Alegre"],
    "Russia": ["Moscow", "Kazan", "Novosibirsk", "Vladivostok", "Omsk", "Samara", "Yekaterinburg"],
    "Mexico": ["Guadalajara", "Monterrey", "Puebla", "Tijuana", "Cancun", "Oaxaca", "Acapulco"],
    "Turkey": ["Istanbul", "Ankara", "Izmir", "Antalya", "Bursa", "Konya", "Trabzon"],
    "Egypt": ["Cairo", "Alexandria", "Luxor", "Aswan", "Giza", "Port Said", "Suez"],
    "Poland": ["Krakow", "Warsaw", "Gdansk", "Wroclaw", "Poznan", "Lodz", "Lublin"],
}
PROMPT = "The city of {} is located in the country of"
PARAPHRASES = ["{} is a city in the country of", "Whoever visits {} comes to the country of"]


def main():
    countries = list(CITIES)
    records = []
    for number, country in enumerate(countries):
        cities = CITIES[country]
        # Two cities of each country, each with the others as its neighbours.
        for place in range(2):
            new = countries[(number + 1 + 3 * place) % len(countries)]
            records.append({
                "case_id": len(records),
                "requested_rewrite": {
                    "prompt": PROMPT, "subject": cities[place], "target_new": {"str": new}, "target_true": {"str": country}},
                "paraphrase_prompts": [text.format(cities[place]) for text in PARAPHRASES],
                "neighborhood_prompts": [PROMPT.format(city) for city in cities[2:]],
            })
    lines = ",\n".join(json.dumps(record) for record in records)
    (pathlib.Path(__file__).parent / "facts.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
