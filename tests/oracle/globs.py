"""Globs as globset of Rust reads them, where nothing is said of it: as regular expressions.

A star crosses slashes. Two of them are folders, as many as there are or none, where slashes or the
ends of an alternative stand around them; elsewhere they are a star and another.
"""

import re

from refusal import expect

STAR = ".*"
# Two stars with a slash behind them, at the beginning, between slashes, and with one before at the
# end.
FOLDERS_FIRST, FOLDERS, FOLDERS_LAST = "(?:/?|.*/)", "(?:/|/.*/)", "/.*"


def regex(pattern):
    said = Reader(pattern).all()
    return STAR if said == [FOLDERS_FIRST] else "".join(said)


class Reader:
    def __init__(self, pattern):
        self.pattern = pattern
        self.at = 0
        # Braces that are open: of each the alternatives that are read, as lists of parts.
        self.open = []
        # Parts of the alternative that is read now.
        self.parts = []

    def all(self):
        while (char := self.next()) is not None:
            self.one(char)
        expect(not self.open, "glob")
        return self.parts

    def peek(self):
        return self.pattern[self.at : self.at + 1] or None

    def next(self):
        char = self.peek()
        self.at += 1
        return char

    def one(self, char):
        if char == "*":
            self.stars()
        elif char == "?":
            self.parts.append(".")
        elif char == "[":
            self.parts.append(self.characters())
        elif char == "{":
            self.open.append((self.parts, []))
            self.parts = []
        elif char == "," and self.open:
            self.end_alternative()
        elif char == "}":
            self.close()
        elif char == "\\":
            char = self.next()
            expect(char is not None, "glob")
            self.parts.append(re.escape(char))
        else:
            self.parts.append(re.escape(char))

    def end_alternative(self):
        """One that is empty counts for nothing."""
        if self.parts:
            self.open[-1][1].append("".join(self.parts))
        self.parts = []

    def close(self):
        expect(bool(self.open), "glob")
        self.end_alternative()
        self.parts, alternatives = self.open.pop()
        if alternatives:
            self.parts.append(f"(?:{'|'.join(alternatives)})")

    def stars(self):
        before = self.pattern[self.at - 2 : self.at - 1]
        if self.peek() != "*":
            self.parts.append(STAR)
            return
        self.at += 1
        follows = self.peek()
        first = not self.parts
        last = follows is None or (bool(self.open) and follows in ",}")
        if first and follows in ("/", None):
            self.at += 1
            self.parts.append(FOLDERS_FIRST)
        elif first or before != "/" or not (last or follows == "/"):
            self.parts += [STAR, STAR]
        else:
            self.folders(last)

    def folders(self, last):
        """In place of the slash before them; after others of their kind they say nothing new."""
        self.at += not last
        known = self.parts.pop()
        said = known if known in (FOLDERS_FIRST, FOLDERS_LAST) else None
        self.parts.append(said or (FOLDERS_LAST if last else FOLDERS))

    def characters(self):
        """A class: what is right behind its beginning is a character like any other."""
        negated = self.peek() in ("!", "^")
        self.at += negated
        ranges, between, first = [], False, True
        while (char := self.next()) != "]" or first:
            expect(char is not None, "glob")
            if char == "-" and not first and not between:
                between = True
            elif between:
                expect(ranges[-1][0] <= char, "glob")
                ranges[-1] = (ranges[-1][0], char)
                between = False
            else:
                ranges.append((char, char))
            first = False
        ranges += [("-", "-")] * between
        said = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in ranges)
        return f"[{'^' * negated}{said}]"
