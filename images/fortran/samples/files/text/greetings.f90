module greetings
  implicit none
contains
  function greeting(name) result(text)
    character(*), intent(in) :: name
    character(:), allocatable :: text
    text = 'Hello, ' // name // '!'
  end function greeting
end module greetings
