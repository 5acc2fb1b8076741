if then
    echo "never printed"
