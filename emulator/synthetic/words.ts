/** The vocabulary of the synthetic rows: invented, no text of a real pin. Lists are separated by commas. */
const list = (text: string): readonly string[] => text.split(',').map((word) => word.trim());

export type Category = keyof typeof categoryThings;

/** Category -> things that its pins are about. The order is that of the source table. */
export const categoryThings = {
  art: list(
    'Watercolour Painting,Ink Drawing,Clay Sculpture,Street Mural,Charcoal Portrait,Abstract Canvas,Sketchbook Page,Paper Collage,Linocut Print,Gouache Landscape',
  ),
  beauty: list(
    'Nail Design,Winter Skincare,Braided Hair,Evening Makeup,Natural Shampoo,Lip Colour,Eyebrow Shape,Clay Mask,Short Haircut,Perfume Shelf',
  ),
  christmas: list(
    'Christmas Tree,Advent Calendar,Gingerbread House,Paper Star,Stocking Filler,Winter Wreath,Table Setting,Wrapping Paper,Mulled Cider,Window Light',
  ),
  'diy-and-crafts': list(
    'Macrame Hanger,Felt Flower,Pallet Shelf,Button Bracelet,Painted Jar,Candle Mould,Origami Crane,Knitted Scarf,Leather Wallet,Bird House',
  ),
  education: list(
    'Phonics Game,Maths Worksheet,Classroom Poster,Science Experiment,Reading Corner,Spelling Card,Lesson Planner,Study Routine,Alphabet Puzzle,History Timeline',
  ),
  'event-planning': list(
    'Garden Party,Wedding Seating Plan,Birthday Backdrop,Balloon Arch,Picnic Menu,Baby Shower,Retirement Dinner,Guest Book,Table Centrepiece,Invitation Card',
  ),
  finance: list(
    'Monthly Budget,Savings Challenge,Debt Tracker,Grocery List,Side Income,Pension Plan,Emergency Fund,Tax Folder,Frugal Habit,Investment Basics',
  ),
  'home-decor': list(
    'Reading Nook,Hallway Bench,Linen Curtain,Gallery Wall,Kitchen Island,Rattan Lamp,Bathroom Tile,Attic Bedroom,House Plant,Fireplace Mantel',
  ),
  'mens-fashion': list(
    'Linen Suit,Leather Boot,Denim Jacket,Knitted Polo,Summer Outfit,Wool Overcoat,Silk Tie,Canvas Sneaker,Travel Wardrobe,Oxford Shirt',
  ),
  quotes: list(
    'Morning Quote,Friendship Saying,Poem Line,Travel Motto,Proverb,Lettered Verse,Stoic Thought,Birthday Wish,Book Quote,Kitchen Sign',
  ),
  tattoos: list(
    'Fine Line Tattoo,Botanical Sleeve,Wave Tattoo,Compass Design,Script Tattoo,Swallow Tattoo,Geometric Wolf,Ankle Tattoo,Mountain Outline,Moon Phase',
  ),
  travel: list(
    'Coastal Road Trip,Night Train,Packing List,Old Town Walk,Mountain Hut,Island Ferry,Desert Camp,City Weekend,Camper Van,Waterfall Hike',
  ),
  vehicles: list(
    'Vintage Roadster,Electric Hatchback,Cargo Bike,Scooter,Off Road Truck,Camper Conversion,Rally Car,Motorcycle,Sports Coupe,Delivery Van',
  ),
} as const;

export const categories = Object.keys(categoryThings) as Category[];

export const adjectives = list(
  'Easy,Quick,Cosy,Modern,Vintage,Colourful,Budget,Handmade,Minimal,Elegant,Rustic,Playful,Creative,Classic,Bold,Gentle,Clever,Simple,Festive,Unusual,Scandinavian,Tropical,Printable,Timeless',
);
export const occasions = list(
  'Beginners,Small Spaces,Summer,Busy Weeks,Every Season,Teenagers,Rainy Days,a Tight Budget,the Weekend,Two,Families,Spring,Gifts,Grown Ups,the First Time',
);
export const openers = list(
  'Looking for,Here you find,We collected,Save this for later:,You will love,Discover,Step by step to,A short guide to,All about,Our favourite',
);
export const closers = list(
  'with materials from the cupboard,that nobody forgets,in less than an hour,with a free template,for less than ten pounds,tested by our readers,from start to finish,with photos of each step,without any special tools,and what to avoid',
);

/** Words with letters beyond ASCII, for about a tenth of the titles. */
export const accentedWords = list(
  'Café,Décor,Façade,Crème,Jalapeño,Smörgåsbord,Über,Naïve,Fête,Señorita,Łódź,Kraków,Zażółć,日本,手作り,Осень,Ελλάδα',
);
export const emoji = list('🚀,✨🎄,😍,👩🏽‍🎨,🏡💛,🇵🇹,🌈,🧶');
export const rightToLeft = ['أفكار سهلة للمنزل', 'رسم الطبيعة بالألوان', 'رحلة إلى الجبل', 'רעיונות לבית', 'ציור בצבעי מים'] as const;

export const studioWords = list(
  'Atelier,Studio,Workshop,Diary,Journal,Corner,House,Garden,Market,Notebook,Collective,Kitchen,Club,Library,Bazaar,Loft,Lane,Post,Nest,Guild',
);
export const studioThings = list(
  'Pine,Willow,Harbour,Copper,Juniper,Marble,Velvet,Lantern,Meadow,Saffron,Cobalt,Thistle,Amber,Birch,Coral,Indigo,Maple,Olive,Pebble,Quartz,Rosemary,Slate,Tulip,Violet,Walnut,Cedar,Clover,Ember,Fern,Ginger,Hazel,Ivory,Jade,Linen,Mint,Nutmeg,Opal,Poppy,Sage,Teal',
);
export const slogans = list(
  'Ideas for a calmer home,Recipes and craft for every week,Travel notes from near and far,Tips on saving without pain,Drawing lessons for everyone,Style made simple,Parties that plan themselves,Teaching with a smile,Old cars and new roads,Words worth keeping',
);

export const firstNames = list(
  'Ada,Adam,Aisha,Alan,Albert,Alice,Amara,Amir,Amy,Andre,Anita,Anna,Anton,Arjun,Asha,Astrid,Aylin,Beatrice,Ben,Bilal,Boris,Bridget,Carla,Carlos,Cecilia,Chen,Chloe,Clara,Claude,Conor,Cyrus,Dana,Daniel,Daria,David,Deborah,Dennis,Diego,Dina,Dora,Edith,Edward,Elena,Elias,Elif,Ella,Emil,Emma,Enzo,Erik,Esther,Eva,Fatima,Felix,Fiona,Frank,Freya,Gemma,George,Gita,Grace,Greta,Hana,Hans,Harriet,Hassan,Hector,Helen,Henry,Hugo,Ian,Ida,Igor,Ines,Ingrid,Irene,Isaac,Isla,Ivan,Jack,Jamal,James,Jana,Jasmine,Javier,Jean,Joan,Jonas,Jorge,Julia,Kai,Karen,Karim,Kate,Keiko,Kenji,Kofi,Lara,Lars,Laura,Leila,Leo,Lidia,Liam,Lin,Lola,Lucas,Lucy,Luis,Maja,Malik,Marco,Maria,Martin,Mary,Mateo,Maya,Mei,Mia,Miguel,Mila,Milan,Mina,Mohamed,Monica,Nadia,Naomi,Nina,Noah,Nora,Olga,Oliver,Omar,Oscar,Otto,Pablo,Paul,Petra,Pia,Priya,Rafael,Rahul,Rana,Rosa,Ruth,Sam,Sana,Sara,Silvia,Simon,Sofia,Sven,Tara,Theo,Tomas,Uma,Vera,Victor,Wanda,Yara,Yusuf,Zara,Zoe',
);
export const lastNames = list(
  'Abbott,Adler,Ahmed,Aldridge,Alvarez,Amundsen,Archer,Ashby,Atkins,Bailey,Baker,Banerjee,Barlow,Bauer,Becker,Bell,Bennett,Berg,Bianchi,Bishop,Black,Blake,Bondar,Boone,Bower,Boyd,Brandt,Brennan,Brook,Bruno,Burke,Byrne,Calder,Campos,Carver,Castro,Chandra,Chang,Choi,Clarke,Cohen,Cole,Conti,Cooper,Costa,Crane,Cruz,Dahl,Dalton,Das,Dean,Delgado,Demir,Diaz,Dixon,Doyle,Drake,Dubois,Duncan,Eaton,Ebert,Edwards,Eide,Ellis,Engel,Evans,Farrell,Faulkner,Ferrari,Fisher,Fleming,Fontaine,Forsberg,Foster,Fox,Fraser,Fuchs,Garcia,Gibbs,Gill,Glover,Gomez,Graham,Grant,Gray,Greco,Grove,Gupta,Haas,Hahn,Hale,Hansen,Harding,Hart,Hayes,Heath,Herrera,Hill,Hoffman,Holm,Hood,Horvath,Howell,Hughes,Hunt,Ibrahim,Ito,Ivanov,Jansen,Jarvis,Jensen,Johansson,Jones,Joshi,Kaiser,Kaplan,Karlsson,Kaur,Keller,Kelly,Kemp,Khan,Kim,King,Klein,Knox,Kovacs,Kowalski,Kruger,Kumar,Lam,Lang,Larsen,Laurent,Lee,Leroy,Lewis,Lind,Lopez,Lund,Mackay,Madsen,Maier,Malone,Marsh,Martinez,Mason,Mehta,Meyer,Miller,Molina,Moore,Morales,Moreau,Moss,Mueller,Murphy,Myers,Nagy,Nair,Nash,Navarro,Neumann,Newton,Nguyen,Nielsen,Noble,Novak,Nunez,Oakes,Okafor,Oliveira,Olsen,Ortega,Osman,Owen,Pace,Palmer,Park,Patel,Pearce,Pereira,Petrov,Pham,Pike,Pope,Popescu,Porter,Pratt,Price,Quinn,Rahman,Ramos,Rao,Reed,Reyes,Rhodes,Ricci,Riley,Rivera,Romano,Rossi,Rowe,Ruiz,Russo,Ryan,Saito,Santos,Sato,Schmidt,Schneider,Schulz,Sharma,Shaw,Silva,Singh,Snow,Sorensen,Stark,Stein,Stone,Suzuki,Swan,Tanaka,Taylor,Thorne,Torres,Tran,Turner,Underwood,Vance,Vargas,Vega,Vogel,Wagner,Walsh,Wang,Ward,Weber,Wells,West,Winter,Wolf,Wong,Wood,Wu,Yamada,Yang,Yilmaz,York,Young,Zhang,Zimmer',
);
