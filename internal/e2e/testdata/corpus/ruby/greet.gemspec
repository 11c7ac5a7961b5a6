Gem::Specification.new do |s|
  s.name = 'greet'
  s.version = '1.0'
  s.summary = 'a word'
  s.author = 'corpus'
  s.license = 'MIT'
  s.homepage = 'https://example.test'
  s.files = ['lib/greet.rb']
end
