program chatty
  do
    print '(a)', 'again and again'
  end do
end program chatty
