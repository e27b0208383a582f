import { describe, expect, it } from 'vitest'
import { otherScript } from '../../../packages/core/src/skip/unread.ts'

/** Invented: what a manual may say of a pump. */
const SAID = {
  ca: 'La bomba és connectada amb els motors per una vàlvula que també regula les pressions. Aquesta peça és molt important per a la seguretat, però els tècnics la revisen només una vegada per any quan la màquina és parada.',
  da: 'Pumpen er forbundet med motoren ved en ventil, og den har et filter som skal renses efter brug. Det er ikke muligt at starte på ny før olien har været skiftet, og trykket kan falde fra dag til dag.',
  de: 'Die Pumpe ist mit dem Motor verbunden und wird einmal im Jahr geprüft. Das Öl muss aus dem Behälter entfernt werden, wenn sich der Druck nicht mehr ändert, und für die Reinigung ist auch ein Filter nötig.',
  en: 'The pump is connected to the motor and is checked once a year. The oil has to be taken out of the tank when the pressure does not change any more, and for the cleaning a filter is needed as well.',
  es: 'La bomba se conecta con el motor por una válvula que también regula la presión. Esta pieza es muy importante para la seguridad, pero los técnicos la revisan una vez al año como más tarde, cuando el motor está parado.',
  fi: 'Pumppu on kytketty moottoriin ja se tarkastetaan kerran vuodessa, mutta öljy on vaihdettava kun paine ei enää muutu. Se oli myös tarpeen että suodatin puhdistetaan, tai muuten pumppu ja moottori eivät käynnisty sekä voivat rikkoutua.',
  fr: 'La pompe est reliée au moteur par une vanne qui règle aussi la pression dans les tuyaux. Elle est contrôlée une fois par an et les filtres sont nettoyés avec soin, mais pas au printemps, où elle tourne sur une autre huile.',
  hu: 'A szivattyú az motorhoz egy szelepen át csatlakozik, és évente egy vizsgálat kell hogy legyen. Az olaj nem cserélhető, ha meg nem áll a gép, de már csak egy szűrő kell, vagy az tartály után még több is.',
  id: 'Pompa itu dihubungkan dengan motor dan diperiksa pada setiap tahun. Oli tidak dapat diganti dalam keadaan panas, karena tekanan akan naik dari batas yang telah ditentukan untuk mesin ini, dan juga oleh sebab itu saringan dibersihkan.',
  it: 'La pompa è collegata al motore con una valvola che regola anche la pressione della linea. Il filtro si pulisce una volta per anno, come gli altri, e nel manuale sono indicate le date dei controlli, che non sono più di due.',
  nl: 'De pomp is met de motor verbonden en wordt een keer per jaar gecontroleerd. Het filter moet uit het huis worden gehaald, maar niet voor de olie is afgetapt, en de druk werd ook door een klep bij het vat geregeld.',
  pl: 'Pompa jest połączona z silnikiem przez zawór, który także reguluje ciśnienie. Nie należy jej uruchamiać, gdy filtr jest brudny, oraz wymieniać oleju od razu po pracy, jako że jest on gorący i się pieni, a jego ilość jest mała.',
  pt: 'A bomba é ligada ao motor por uma válvula que também regula a pressão dos tubos. O filtro não é trocado todos os dias, mas uma vez por ano, pelo técnico, e as peças são limpas com óleo, como foi dito na seção do manual.',
  ro: 'Pompa este legată cu motorul prin o supapă care reglează și presiunea din conducte. Filtrul este curățat după fiecare an, dar nu mai mult, pentru că piesele sunt fragile, sau cel puțin așa este spus în manualul pe care l-ați primit.',
  sv: 'Pumpen är kopplad till motorn med en ventil och den har ett filter som inte kan rengöras när det är varmt. Oljan ska bytas efter ett år, för det var från början för lite av den, och trycket kan också vara lågt.',
  tr: 'Pompa bir vana ile motora bağlıdır ve yılda bir kez kontrol edilir. Yağ sıcak olarak değiştirilmez, çünkü basınç çok yüksek ise bu tehlikeli bir durum olur; filtre de her yıl ya da daha sonra temizlenir, ancak bu gibi işler için usta gerekir.',
  vi: 'Máy bơm được nối với động cơ và được kiểm tra một lần trong năm. Dầu không được thay khi máy đã nóng, và các bộ lọc của máy này cho những người thợ là một việc khó, để từ đó áp suất có thể về mức cũ.',
} as const

/** Danish and Norwegian as they are written share nearly all of their small words. */
const nearly: Readonly<Record<string, string>> = { da: 'da|no' }

const pools = Object.entries(SAID)
const policy = otherScript({ languages: ['en'] })
const poolOf = (...given: readonly string[]) => ({
  query: 'pump',
  scorerId: 'fake',
  candidates: given.map((text) => ({ text })),
})

describe('otherScript with languages', () => {
  it.each(pools)('knows %s by its small words', (language, text) => {
    const reason = policy(poolOf(text))
    if (language === 'en') expect(reason).toBeUndefined()
    else
      expect(reason).toMatchObject({
        policy: 'other-language',
        evidence: { found: expect.stringMatching(nearly[language] ?? language), languages: 'en' },
      })
  })

  it.each(pools)('lets %s pass where it is read', (language, text) => {
    expect(otherScript({ languages: ['en', language] })(poolOf(text))).toBeUndefined()
  })

  it('still looks at the script of the query first', () => {
    expect(policy({ ...poolOf(SAID.de), query: 'насос' })).toMatchObject({ policy: 'other-script' })
  })

  it.each([
    [
      'products, which have small words of no language',
      Array.from({ length: 40 }, (_, at) => `Bosch GSR 12V-${at} cordless drill case`),
    ],
    [
      'names of places and people in English text',
      [`${SAID.en} Los Angeles, La Paz, Rio de Janeiro, Otto von der Heide`],
    ],
    ['too few words', ['der Hund und die Katze']],
    [
      'code',
      Array.from(
        { length: 20 },
        () => 'const el = document.querySelector(id); if (die) el.dir = null; return new DocumentFragment(el)',
      ),
    ],
    ['two languages of which one is read', [SAID.en, SAID.de]],
    ['no text at all', ['', '']],
  ])('lets %s pass', (_, texts) => {
    expect(policy(poolOf(...texts))).toBeUndefined()
  })

  it('is not looked at unless it is asked for', () => {
    expect(otherScript()(poolOf(SAID.de))).toBeUndefined()
  })

  it.each([[[]], [['english']], ['en'], [[1]]])('refuses %j', (languages) => {
    expect(() => otherScript({ languages } as never)).toThrow(/languages is .*pass the languages that the scorer reads/)
  })
})
