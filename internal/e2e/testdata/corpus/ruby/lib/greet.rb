GREET = 'hello'
