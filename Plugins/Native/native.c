#include <suture/suture.h>
