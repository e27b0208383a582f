export const query = 'Which gate lets the sea out of the tide mill?'
export const text =
  'The sluice gate of the tide mill at Karvel is opened at low water, and the pond drains through it into the sea.'
