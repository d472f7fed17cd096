"""A page as a browser reads it, for tests that look at what was written."""

import html.parser


class Page(html.parser.HTMLParser):
    """What a browser would make of a page: its elements and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def all(self, tag):
        return [attributes for found, attributes in self.elements if found == tag]
