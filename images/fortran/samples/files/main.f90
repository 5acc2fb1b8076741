program files
  use greetings, only: greeting
  implicit none
  print '(a)', greeting('files')
end program files
