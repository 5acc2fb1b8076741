program broken
  implicit none
  number = 1
end program broken
