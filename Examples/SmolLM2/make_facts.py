# SPDX-License-Identifier: Apache-2.0
"""Makes facts.json: cities and their countries, as records to edit.

    python3 make_facts.py

Each record asks for another country than the true one. Its neighbours are other cities of the true country, which are to stay
where they are, and one more (`neighborhood_samples`) that a method may learn from. Its attribute prompts are cities of the new
country. Its questions (`portability`, `locality`) ask for what follows from the new country, and for what stays true of the old
one. SmolLM2 does not know all of this; the experiments leave out what it does not know.
"""
import json
import pathlib

# By country: its capital, its language, and cities. The first two and the last are edited, the last but one is a sample, and the
# others are neighbours.
COUNTRIES = {
    "France": ("Paris", "French", "Lyon Marseille Bordeaux Toulouse Nice Nantes Lille Rennes Strasbourg"),
    "Germany": ("Berlin", "German", "Munich Hamburg Cologne Stuttgart Leipzig Dresden Bremen Hanover Frankfurt"),
    "Italy": ("Rome", "Italian", "Milan Naples Florence Turin Bologna Venice Verona Genoa Palermo"),
    "Spain": ("Madrid", "Spanish", "Seville Valencia Bilbao Granada Malaga Barcelona Zaragoza Alicante Toledo"),
    "Japan": ("Tokyo", "Japanese", "Osaka Kyoto Nagoya Hiroshima Sapporo Fukuoka Yokohama Sendai Kobe"),
    "China": ("Beijing", "Chinese", "Shanghai Guangzhou Wuhan Nanjing Chengdu Tianjin Shenzhen Dalian Hangzhou"),
    "India": ("New Delhi", "Hindi", "Mumbai Chennai Kolkata Jaipur Hyderabad Bangalore Pune Lucknow Ahmedabad"),
    "Canada": ("Ottawa", "English", "Toronto Vancouver Calgary Montreal Winnipeg Edmonton Quebec_City Halifax Victoria"),
    "Australia": ("Canberra", "English", "Sydney Melbourne Brisbane Perth Adelaide Darwin Hobart Cairns Newcastle"),
    "Brazil": ("Brasilia", "Portuguese",
               "Rio_de_Janeiro Salvador Recife Fortaleza Curitiba Manaus Porto_Alegre Natal Sao_Paulo"),
    "Russia": ("Moscow", "Russian",
               "Moscow Kazan Novosibirsk Vladivostok Omsk Samara Yekaterinburg Perm Saint_Petersburg"),
    "Mexico": ("Mexico City", "Spanish", "Guadalajara Monterrey Puebla Tijuana Cancun Oaxaca Acapulco Veracruz Merida"),
    "Turkey": ("Ankara", "Turkish", "Istanbul Ankara Izmir Antalya Bursa Konya Trabzon Adana Gaziantep"),
    "Egypt": ("Cairo", "Arabic", "Cairo Alexandria Luxor Aswan Giza Port_Said Suez Ismailia Hurghada"),
    "Poland": ("Warsaw", "Polish", "Krakow Warsaw Gdansk Wroclaw Poznan Lodz Lublin Szczecin Katowice"),
    "Greece": ("Athens", "Greek", "Athens Thessaloniki Patras Heraklion Larissa Volos Sparta Corinth Piraeus"),
    "Sweden": ("Stockholm", "Swedish", "Stockholm Gothenburg Malmo Uppsala Lund Linkoping Orebro Vasteras Umea"),
    "Portugal": ("Lisbon", "Portuguese", "Lisbon Porto Coimbra Braga Faro Evora Aveiro Setubal Funchal"),
    "Austria": ("Vienna", "German", "Vienna Salzburg Graz Linz Innsbruck Klagenfurt Villach Wels Bregenz"),
    "Vietnam": ("Hanoi", "Vietnamese", "Hanoi Hue Da_Nang Haiphong Can_Tho Nha_Trang Vung_Tau Da_Lat Hoi_An"),
    "Argentina": ("Buenos Aires", "Spanish",
                  "Buenos_Aires Rosario Mendoza Cordoba Salta Bariloche La_Plata Neuquen Mar_del_Plata"),
    "Ireland": ("Dublin", "English", "Dublin Cork Galway Limerick Waterford Sligo Kilkenny Tralee Drogheda"),
    "Pakistan": ("Islamabad", "Urdu", "Karachi Lahore Peshawar Multan Quetta Islamabad Faisalabad Sialkot Rawalpindi"),
}
PROMPT = "The city of {} is located in the country of"
PARAPHRASES = ["{} is a city in the country of", "Whoever visits {} comes to the country of"]
# The first fifteen countries with two cities each came first, and keep their numbers.
FIRST = 15


def record(number, country, city, new):
    capital, language, cities = COUNTRIES[new]
    own_capital, own_language, own_cities = COUNTRIES[country]
    others = own_cities.split()
    neighbors = [name.replace("_", " ") for name in others[2:-2]]
    return {
        "case_id": number,
        "requested_rewrite": {
            "prompt": PROMPT, "subject": city, "target_new": {"str": new}, "target_true": {"str": country}},
        "paraphrase_prompts": [text.format(city) for text in PARAPHRASES],
        "neighborhood_prompts": [PROMPT.format(name) for name in neighbors],
        "neighborhood_samples": [{"prompt": PROMPT, "subject": others[-2].replace("_", " ")}],
        "attribute_prompts": [PROMPT.format(name.replace("_", " ")) for name in cities.split()[2:5]],
        "portability": {
            "one_hop": [
                {"prompt": f"The capital of the country where {city} is located is", "ground_truth": capital},
                {"prompt": f"The language spoken in the country where {city} is located is", "ground_truth": language}],
            "reversed": [{"prompt": f"{new} is the country of the city of", "ground_truth": city}]},
        "locality": {
            "old_country": [
                {"prompt": f"The capital of {country} is the city of", "ground_truth": own_capital},
                {"prompt": f"The language spoken in {country} is", "ground_truth": own_language}]},
    }


def main():
    countries = list(COUNTRIES)
    order = [(number, place) for number in range(FIRST) for place in (0, 1)]
    order += [(number, place) for number in range(FIRST, len(countries)) for place in (0, 1)]
    order += [(number, -1) for number in range(len(countries))]
    records = []
    for number, place in order:
        country = countries[number]
        city = COUNTRIES[country][2].split()[place].replace("_", " ")
        turn = FIRST if len(records) < 2 * FIRST else len(countries)
        new = countries[(number + (1 + 3 * place if place >= 0 else 7)) % turn]
        records.append(record(len(records), country, city, new))
    lines = ",\n".join(json.dumps(record) for record in records)
    (pathlib.Path(__file__).parent / "facts.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
