"""What the slots of a block may be filled with: nouns of WordNet by their field, and names made up here."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from .wordnet import nouns_of

FIRST = '''
    Ada Aldo Anneke Ben Carla Dario Edda Emil Farid Greta Hanna Ines Ivo Jonas Kaja Karim Lena Luis Maren Milo Nadia Noor
    Olga Omar Pavel Petra Quentin Rosa Ruben Sadia Selma Stefan Tara Thea Ugo Vera Viktor Wanda Yara Zeno
'''.split()
LAST = '''
    Abelson Arnaud Baptiste Borg Castell Cordova Dahl Devane Egger Fontaine Forsyth Galt Hallam Harker Ibsen Jansson
    Kessler Kovacs Lindgren Lorca Marchetti Mbeki Nakamura Novak Okafor Orlov Pereira Quist Rahman Rossi Sandoval Soler
    Tanaka Thorne Ullman Vance Varga Weller Winslow Zeller
'''.split()
HEAD = '''
    Al Bel Bran Cor Dar El Fen Gal Har Il Kal Lor Mar Nor Or Pel Quar Ros Sal Tor Ul Ver Wal Yar Zel
'''.split()
TAIL = '''
    ava aven bury da den eth field ford gard heim ia ick ina mere mont more ona ost ova port stad ton ura wick
'''.split()
CITIES = '''
    Lisbon Oslo Bologna Leipzig Porto Toledo Bergen Lyon Graz Turku Cork Genoa Antwerp Boston Denver Kyoto Lima Quito
    Nairobi Dakar Pune Hanoi Perth Calgary Austin
'''.split()
COUNTRIES = '''
    Portugal Norway Chile Kenya Vietnam Austria Estonia Peru Morocco Finland Ghana Japan Canada Uruguay Jordan Nepal
    Greece Ireland Bolivia Senegal
'''.split()
TRADES = '''
    Software Foods Motors Systems Textiles Bank Airlines Mills Optics Chemicals Shipping Energy Games Paper Steel
'''.split()
TITLE_HEAD = ('The Last', 'A Silent', 'Blue', 'No More', 'Beyond the')
TITLE_TAIL = ('Harvest', 'River', 'Winter', 'Letter', 'Signal', 'Mirror')
LISTS = {
    'team': 'the Falcons|the Rovers|the Harbour Eleven|United|the Wolves|Athletic|the Red Caps|the Miners|the Lions|Wanderers',
    'unit': 'inches|metres|litres|gallons|pints|ounces|grams|acres|hectares|joules|calories|knots|degrees Celsius|kelvin|bytes|bits',
    'file': 'PDF|CSV file|spreadsheet|JPEG|calendar file|SVG|MP3|ZIP archive|XML file|contact card',
    'fee': 'broadcasting fee|parking fee|dog tax|tuition fee|visitor tax|road toll|waste charge|library fee|chamber fee',
    'place': 'city museum|botanical garden|old mill|planetarium|castle|aquarium|town library|lighthouse|opera house|toy museum',
    'structure': 'television tower|cathedral|harbour crane|bell tower|suspension bridge|Ferris wheel|water tower|city hall',
    'event': 'jazz festival|book fair|wine fair|film week|lantern parade|chess open|kite festival|flower show|spring market',
    'sport': 'handball|water polo|curling|netball|floorball|badminton|squash|volleyball|lacrosse|table tennis|climbing|fencing',
    'weekday': 'Monday|Tuesday|Wednesday|Thursday|Friday|Saturday',
    'month': 'January|February|March|April|May|June|July|August|September|October|November',
    'system': 'Linux|macOS|Windows|Android|iOS|FreeBSD',
    'document': 'passport|driving licence|residence permit|fishing licence|student card|birth certificate|work permit|parking permit',
    'term': 'arbitrage|factoring|due diligence|hedging|leasing|escheat|subrogation|net present value|usufruct|amortisation|seed capital',
    'acronym': 'CRED|ERF|NOLA|STIB|VRAM|OKTA|DARS|PELM|GIST|HUVA',
    'phenomenon': 'fog|avalanches|drought|sandstorms|landslides|smog|hail|floods|heat waves|soil erosion|algal blooms|coral bleaching',
    'drug': 'Velorin|Paxomil|Tridenol|Corvatan|Lumizol|Benafer|Somadil|Quentrol|Arvistat|Melopran',
    'vehicle': 'car|motorbike|van|bicycle|tractor|scooter|caravan|boat|truck|sledge',
    'subject': 'chemistry|Latin|geometry|physics|history|economics|music theory|geography|statistics|philosophy',
    'lake': 'Lake Torne|Lake Alva|Lake Mirren|Lake Ossa|Lake Brava|Lake Quill|Lake Senna|Lake Dunmore',
    'street': 'Mill Lane|Bridge Street|Rope Alley|Church Road|Castle Street|Tanner Row|Harbour Street|Linden Avenue',
    'subscription': 'gym membership|phone contract|newspaper subscription|streaming subscription|travel pass|box of vegetables|car-sharing plan',
    'object': 'list|dictionary|set|queue|tree|matrix|string buffer|linked list|heap|record|tuple|byte array',
    'language': 'Java|Python|Kotlin|Rust|Ruby|Go|C#|Swift|TypeScript|Scala',
    'vcs': 'git|Mercurial|Subversion|Perforce|Fossil',
    'bodypart': 'knee|back|neck|shoulder|wrist|hip|ankle|jaw|elbow|heel',
    'disease': 'malaria|measles|gout|asthma|scurvy|rubella|cholera|mumps|anthrax|lupus|rickets|tetanus|typhoid|scabies|whooping cough|glandular fever',
}  # fmt: skip
FIELDS = {'animal': 'animal', 'plant': 'plant', 'food': 'food', 'artifact': 'artifact', 'occupation': 'person'}


def slots(database: Path) -> dict[str, Callable[[random.Random], str]]:
    """A maker of values for each slot. `database` is the folder with WordNet's `data.noun` and `index.sense`."""
    made = {name: _one_of(values.split('|')) for name, values in LISTS.items()}
    made |= {name: _one_of(nouns_of(database, field)) for name, field in FIELDS.items()}
    made['person'] = lambda r: f'{r.choice(FIRST)} {r.choice(LAST)}'
    made['company'] = lambda r: f'{_word(r)} {r.choice(TRADES)}'
    made['city'] = lambda r: _word(r) if r.random() < 0.5 else r.choice(CITIES)
    made['country'] = lambda r: _word(r) if r.random() < 0.2 else r.choice(COUNTRIES)
    made['app'] = lambda r: r.choice(HEAD) + r.choice(('ly', 'note', 'Pad', 'Sync', 'Draw', 'base', 'Mail'))
    made['title'] = lambda r: f'"{r.choice(TITLE_HEAD)} {r.choice(TITLE_TAIL)}"'
    made['product'] = lambda r: f'{_word(r)} {r.choice("ABKMRTX")}{r.randint(1, 90)}'
    made['version'] = lambda r: str(r.randint(2, 30))
    made['year'] = lambda r: str(r.randint(1720, 2035))
    made['number'] = lambda r: str(r.randint(11, 990))
    made['small'] = lambda r: str(r.randint(2, 12))
    made['day'] = lambda r: str(r.randint(1, 28))
    return made


def _word(r: random.Random) -> str:
    return r.choice(HEAD) + r.choice(TAIL)


def _one_of(values: list[str]) -> Callable[[random.Random], str]:
    return lambda r: r.choice(values)
