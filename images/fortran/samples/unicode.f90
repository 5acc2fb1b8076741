program unicode
  print '(a)', 'Grüße, Жизнь, 世界 ☃ 🚀'
end program unicode
