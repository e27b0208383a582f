// The default theme without its fonts: those of the reader's system will do, and are no request.
import theme from 'vitepress/theme-without-fonts'
import './style.css'

export default theme
