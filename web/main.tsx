import './styles/tokens.css';
import './styles/page.css';
import { render } from 'preact';
import { App } from './app.tsx';

const page = document.querySelector('#page')!;
page.replaceChildren();
render(<App />, page);
