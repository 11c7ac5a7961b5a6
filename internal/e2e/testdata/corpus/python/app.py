import jinja2

print(jinja2.Template("<p>{{ word }}</p>").render(word="hello"))
