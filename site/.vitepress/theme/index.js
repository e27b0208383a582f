// The default theme without its fonts: those of the reader's system will do, and are no request.
import theme from 'vitepress/theme-without-fonts'
// oxlint-disable-next-line import/no-unassigned-import -- a style sheet has nothing to assign
import './style.css'

export default theme
