int main()
{
    for (volatile unsigned long guess = 0;; guess = guess + 1) {
    }
}
